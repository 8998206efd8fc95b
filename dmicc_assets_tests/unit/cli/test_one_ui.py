import os
import socket

from dmicc_assets.cli.one_ui import listener


def test_who_listens_is_found_beside_descriptors_that_are_closed_meanwhile() -> None:
    """To list the descriptors of this process opens one, which is the first of the list and closed by then."""
    lower = os.open(os.devnull, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        os.close(lower)
        assert listener(listening.getsockname()[1]).startswith(f"process {os.getpid()} (")


def test_nobody_listens_at_a_port_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert listener(port) == ""
