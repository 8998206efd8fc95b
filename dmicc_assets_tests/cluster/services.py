"""Redis, PostgreSQL and an S3 server as processes of this user on loopback, until the block ends."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Services:
    """Addresses of the services.

    Attributes:
        redis: of the broker.
        postgres: of the database.
        s3: of the object store; it has the bucket `lake`.
        lake: address of the lake in it.
    """

    redis: str
    postgres: str
    s3: str
    lake: str = "s3://lake/of/tests"

    def environment(self) -> dict[str, str]:
        """Variables that have every process use them."""
        return {
            "DAGSTER_POSTGRES_URL": self.postgres.replace("://", "+psycopg2://"),
            "DAGSTER_CELERY_BROKER_URL": self.redis,
            "DAGSTER_CELERY_BACKEND_URL": self.redis,
            "DMICC_LOCKS_URL": self.postgres,
            "DMICC_LAKE_URL": self.lake,
            "AWS_ENDPOINT_URL": self.s3,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def services() -> Iterator[Services]:
    """All three, begun and answering."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="cluster"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis, postgres, s3 = (free_port() for _ in range(3))
        broker = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", ""]
        stack.enter_context(_process(broker, folder))
        stack.enter_context(_postgres(folder, postgres))
        stack.enter_context(_process([sys.executable, "-m", "moto.server", "-p", str(s3)], folder))
        for port in (redis, postgres, s3):
            wait_for(lambda port=port: answers(port), 180)
        found = Services(
            f"redis://127.0.0.1:{redis}/0",
            f"postgresql://dmicc@127.0.0.1:{postgres}/postgres",
            f"http://127.0.0.1:{s3}",
        )
        import boto3

        boto3.client(
            "s3", endpoint_url=found.s3, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        ).create_bucket(Bucket="lake")
        yield found


@contextmanager
def _postgres(folder: Path, port: int) -> Iterator[None]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    folder.chmod(0o755)
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        owner = pwd.getpwnam(user)
        os.chown(data, owner.pw_uid, owner.pw_gid)
    made = [str(programs / "initdb"), "-D", str(data), "-U", "dmicc", "--auth", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(made, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-F", "-k", ""]
    with _process(command, folder, user=user):
        yield


@contextmanager
def _process(command: Sequence[str], folder: Path, user: str | None = None) -> Iterator[None]:
    with (
        (folder / f"{Path(command[0]).name}.log").open("ab") as log,
        subprocess.Popen(command, cwd="/", user=user, stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        return here.getsockname()[1]


def answers(port: int) -> bool:
    """Whether something listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for(is_so: Callable[[], bool], seconds: float, every: float = 0.2) -> None:
    """Wait until something is so, and look again after so many seconds.

    Raises:
        TimeoutError: it never was.
    """
    ends = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > ends:
            raise TimeoutError(f"not so within {seconds} s")
        time.sleep(every)
