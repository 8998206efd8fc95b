"""Folders that cannot be written, also for a process of root, which ignores permissions unless it gives this up."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION = 0x20080522  # of the system calls capget and capset, for 64 bits
_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """This thread, and the threads that it starts, obey permissions, as those of every other user do."""
    if os.getuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION, 0), (_Capabilities * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0


@contextmanager
def unwritable(*folders: Path) -> Iterator[None]:
    """Nobody can write in these folders, nor in those below them."""
    below = [each for folder in folders for each in (folder, *folder.rglob("*")) if each.is_dir()]
    for each in below:
        each.chmod(0o555)
    try:
        with bound_by_permissions():
            yield
    finally:
        for each in below:
            each.chmod(0o755)
