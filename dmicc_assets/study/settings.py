"""The DMICC_ environment variables, resolved to absolute paths once and passed on to child processes.

No other module reads settings from the environment.
"""

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Literal
from urllib.parse import urlparse

from filelock import FileLock
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dmicc_assets.errors import RequestError
from dmicc_assets.study.addresses import GENE_URL, GEO_ACC_URL, GEO_URL, REQUESTS_PER_SECOND, XENA_URL

DAGSTER_YAML = """\
# Written by dmicc, which replaces it only as long as nobody else changed it: change what you like.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 2
    dequeue_interval_seconds: 1
compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_launcher:
  module: dmicc_assets.orchestration.run_launcher
  class: WatchedRunLauncher
run_monitoring:
  enabled: true
  poll_interval_seconds: 20
# What the terminal of `dmicc ui` shows; every event of a run is kept, whatever its level.
python_logs:
  python_log_level: INFO
"""
# SHA-256 of the texts that earlier versions wrote: a file that is still one of them is replaced by today's.
EARLIER_DAGSTER_YAML = (
    "e6abf5e157ebdf68c63a726a937f1f13b631fc01cf18e20028358b914414ac68",
    "79609a95be0af4538be6f4a61742c3bf3005818b8144eee9048bb2ce81471f2f",
    "ea4e318c850b60d609ef90a211caa59aae0bb2de9d25f259b6e3c3e57c3ff4d0",
    "ff89b3604966b39bbac6312534ff66eab38afc566461b4cdba6b08686a94ff6f",
)
# DuckDB takes these signs of a path for others; SQLAlchemy, which opens Dagster's database, reads it as an address.
_NOT_FOR_DUCKDB = re.compile(r"[?\\]")
_NOT_FOR_SQLITE = re.compile(r"\?|%[0-9A-Fa-f]{2}")
_BUCKET = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]+(/[^?#]*)?")
_OTHER = "choose another folder"


class Settings(BaseSettings):
    """Folders of state and addresses of sources.

    Attributes:
        home: folder of all state.
        studies: folders of study files, searched before the built-in ones.
        geo_url: root of a GEO tree, `https://`, `http://` or `file://`.
        geo_acc_url: GEO's `acc.cgi`.
        xena_url: root of a Xena download hub, or `file://`.
        ncbi_gene_url: root of NCBI Gene's files (`gene_orthologs.gz`, `GENE_INFO/`).
        eutils_url: root of NCBI's E-utilities.
        gene_sets: the user's own folder of `<LIBRARY>.gmt[.gz]` files; without it libraries are fetched.
        enrichr_url, go_url, msigdb_url, reactome_url: hosts of the providers of gene sets.
        requests_per_second: to one host at most.
        size_limits: factor of the limits of sizes of files and answers.
        workers: pieces of a run that are computed at once; by default one a core, at most four.
        ncbi_api_key: the user's key for E-utilities, never shown.
        pages_port: port of the pages of `dmicc ui`, to which Dagster's UI links.
        lake_url: the lake on an object store, `s3://bucket/prefix`; by default it is a folder of the home.
        locks_url: a PostgreSQL database for locks and request rates of several machines, never shown.
        executor: what runs the steps of a Dagster run.
        own_dagster_home: the user's own DAGSTER_HOME, if there is one.
        cache_home: the user's folder of caches, if it is not ~/.cache.
    """

    model_config = SettingsConfigDict(env_prefix="DMICC_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Path("dmicc_home")
    studies: str = ""
    geo_url: str = GEO_URL
    geo_acc_url: str = GEO_ACC_URL
    xena_url: str = XENA_URL
    ncbi_gene_url: str = GENE_URL
    eutils_url: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    gene_sets: Path | None = None
    enrichr_url: str = "https://maayanlab.cloud"
    go_url: str = "https://current.geneontology.org"
    msigdb_url: str = "https://data.broadinstitute.org"
    reactome_url: str = "https://reactome.org"
    lake_url: str | None = None
    locks_url: SecretStr | None = None
    executor: Literal["in_process", "celery", "k8s"] = "in_process"
    requests_per_second: float = Field(
        default=REQUESTS_PER_SECOND, gt=0, le=50
    )  # NCBI answers 429 above 50 from one address
    pages_port: int = Field(default=3001, ge=1, le=65535)
    size_limits: float = Field(default=1.0, gt=0, le=1000)
    workers: int | None = Field(default=None, ge=1, le=64)
    ncbi_api_key: SecretStr | None = Field(default=None, validation_alias="NCBI_API_KEY")
    own_dagster_home: Path | None = Field(default=None, validation_alias="DAGSTER_HOME")
    cache_home: Path | None = Field(default=None, validation_alias="XDG_CACHE_HOME")

    @field_validator("home", "gene_sets")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else _written_out(path)

    @field_validator("home")
    @classmethod
    def _for_duckdb(cls, home: Path) -> Path:
        if found := _NOT_FOR_DUCKDB.search(str(home)):
            raise ValueError(f"{home}: no DuckDB file can be below a folder with {found[0]!r} in its path; {_OTHER}")
        return home

    @field_validator("own_dagster_home")
    @classmethod
    def _is_absolute(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError(f"expected an absolute path, got {str(path)!r}; or unset it to use $DMICC_HOME/dagster")
        return path

    @field_validator("studies")
    @classmethod
    def _absolute_folders(cls, folders: str) -> str:
        return ":".join(str(_written_out(Path(folder))) for folder in folders.split(":") if folder)

    @field_validator(
        "geo_url",
        "geo_acc_url",
        "xena_url",
        "ncbi_gene_url",
        "eutils_url",
        "enrichr_url",
        "go_url",
        "msigdb_url",
        "reactome_url",
    )
    @classmethod
    def _url(cls, url: str) -> str:
        parts = urlparse(url)
        if parts.scheme not in ("https", "http", "file") or not (parts.netloc or parts.path.startswith("/")):
            raise ValueError(f"expected an https://, http:// or file:// address, got {url!r}")
        return url.rstrip("/")

    @field_validator("lake_url")
    @classmethod
    def _bucket(cls, url: str | None) -> str | None:
        if url is not None and not _BUCKET.fullmatch(url):
            raise ValueError(
                f"expected s3://bucket or s3://bucket/prefix, got {url!r}; unset it to use $DMICC_HOME/lake"
            )
        return url.rstrip("/") if url else None

    @field_validator("locks_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("expected postgresql://user:password@host/database")
        return url

    @property
    def study_folders(self) -> list[Path]:
        """Folders of study files, absolute."""
        return [Path(part) for part in self.studies.split(":") if part]

    @property
    def lake(self) -> Path:
        """Folder of the Parquet store; with an object store, of the working copy of its lake."""
        return self._beside_lake / "lake"

    @property
    def _beside_lake(self) -> Path:
        """The home; with an object store a folder for its address, so that the home's own lake stays as it is."""
        if self.lake_url is None:
            return self.home
        return self.home / "copies" / sha256(self.lake_url.encode()).hexdigest()[:16]

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that users query."""
        return self.home / "dmicc.duckdb"

    @property
    def reports(self) -> Path:
        """Folder of the HTML reports."""
        return self._beside_lake / "reports"

    @property
    def pages_url(self) -> str:
        """Address of the pages with every report, while `dmicc ui` runs."""
        return f"http://127.0.0.1:{self.pages_port}/"

    @property
    def dagster_home(self) -> Path:
        """The DAGSTER_HOME: the user's own, else a folder of the home."""
        return self.own_dagster_home or self.home / "dagster"

    @property
    def reader_cache(self) -> Path:
        """Folder for what is made of a home that cannot be written; temporary if the user has no home directory."""
        try:
            return (self.cache_home or Path("~/.cache").expanduser()) / "dmicc"
        except RuntimeError:
            return Path(gettempdir()) / f"dmicc-{os.getuid()}"

    @property
    def downloads(self) -> Path:
        """Folder of downloads, named by SHA-256 and shared by all studies."""
        return self.home / "downloads"

    @property
    def fetched_gene_sets(self) -> Path:
        """Folder of the gene-set libraries that were fetched."""
        return self.home / "gene_sets"

    @property
    def locks(self) -> Path:
        """Lock files."""
        return self.home / "locks"

    @property
    def simulated_mirror(self) -> Path:
        """Folder of the simulated GEO mirror that `dmicc demo` writes."""
        return self.home / "simulated"

    def simulated(self) -> "Settings":
        """The same state, with the simulated mirror as the source of everything."""
        mirror = self.simulated_mirror
        sources = {"geo_url": (mirror / "geo").as_uri(), "xena_url": (mirror / "xena").as_uri()}
        return self.model_copy(update={**sources, "gene_sets": mirror / "gene_sets"})

    def with_study_folder(self) -> "Settings":
        """The same with a folder of study files, `studies` in the working folder unless one is set; it is made.

        Raises:
            RequestError: it cannot be made.
        """
        if self.study_folders:
            return self
        folder = Path("studies").absolute()
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise RequestError(f"{folder}: cannot be made ({error.strerror}); set DMICC_STUDIES to a folder") from None
        return self.model_copy(update={"studies": str(folder)})

    def environment(self) -> dict[str, str]:
        """Environment variables that give a child process the same settings."""
        variables = {
            "DMICC_HOME": str(self.home),
            "DMICC_STUDIES": self.studies,
            "DMICC_GEO_URL": self.geo_url,
            "DMICC_GEO_ACC_URL": self.geo_acc_url,
            "DMICC_XENA_URL": self.xena_url,
            "DMICC_NCBI_GENE_URL": self.ncbi_gene_url,
            "DMICC_EUTILS_URL": self.eutils_url,
            "DMICC_ENRICHR_URL": self.enrichr_url,
            "DMICC_GO_URL": self.go_url,
            "DMICC_MSIGDB_URL": self.msigdb_url,
            "DMICC_REACTOME_URL": self.reactome_url,
            "DMICC_REQUESTS_PER_SECOND": str(self.requests_per_second),
            "DMICC_PAGES_PORT": str(self.pages_port),
            "DMICC_SIZE_LIMITS": str(self.size_limits),
            "DMICC_EXECUTOR": self.executor,
            "DAGSTER_HOME": str(self.dagster_home),
        }
        if self.lake_url is not None:
            variables["DMICC_LAKE_URL"] = self.lake_url
        if self.workers is not None:
            variables["DMICC_WORKERS"] = str(self.workers)
        if self.gene_sets is not None:
            variables["DMICC_GENE_SETS"] = str(self.gene_sets)
        return variables

    def prepare_home(self) -> None:
        """Make the folders of the home, and Dagster's configuration if there is none but of an earlier version.

        Raises:
            RequestError: the home cannot be written.
        """
        folders = (self.lake, self.reports, self.dagster_home, self.downloads, self.locks)
        try:
            closed = next((each for each in (self.home, *folders) if each.is_dir() and not is_writable(each)), None)
            if closed is not None:
                raise RequestError(
                    f"{closed}: cannot be written; set DMICC_HOME to another folder (`dmicc sql`, `dmicc export` and "
                    "`dmicc score` read this one)"
                )
            for folder in (self.home, self.dagster_home):
                folder.mkdir(parents=True, exist_ok=True)
            with self.home_lock():
                self._rename_cache()
                for folder in (self.lake, self.reports, self.locks):
                    folder.mkdir(parents=True, exist_ok=True)
                self.downloads.mkdir(exist_ok=True, mode=0o700)  # GEO's files name those who submitted them
                configuration = self.dagster_home / "dagster.yaml"
                if not configuration.exists() or _is_of_ours(configuration):
                    _replace(configuration, DAGSTER_YAML)
        except OSError as error:
            raise RequestError(
                f"{self.home}: cannot be written ({error.filename or self.home}: {error.strerror}); set DMICC_HOME to "
                "another folder"
            ) from None

    def home_lock(self) -> FileLock:
        """The lock of everything that is made once in a home: folders, Dagster's configuration and databases."""
        return FileLock(self.dagster_home / "dmicc.lock")

    def _rename_cache(self) -> None:
        """Rename the folder `cache/` of an earlier version to `downloads/`."""
        earlier = self.home / "cache"
        if earlier.is_dir() and not self.downloads.exists():
            with suppress(FileNotFoundError):  # another process has just renamed it
                earlier.rename(self.downloads)
                self.downloads.chmod(0o700)


def _is_of_ours(configuration: Path) -> bool:
    """Whether a configuration of Dagster's is just as an earlier version wrote it."""
    return sha256(configuration.read_bytes()).hexdigest() in EARLIER_DAGSTER_YAML


def _replace(path: Path, text: str) -> None:
    """Write a file in one go: another process reads it whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.write_text(text)
    beside.replace(path)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder that exists."""
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _written_out(path: Path) -> Path:
    """The path as an absolute one, with `~` replaced."""
    try:
        path = path.expanduser().absolute()
        str(path).encode()
    except RuntimeError:
        raise ValueError(f"{path}: the home directory of this user is not known; write the path out") from None
    except UnicodeEncodeError:
        raise ValueError(f"expected a path in UTF-8, got {str(path)!r}: rename the folder") from None
    except FileNotFoundError:
        raise ValueError("the current directory was deleted: go to another, or give an absolute path") from None
    return path


def load_settings(**overrides: object) -> Settings:
    """The settings of this process: its environment, with overrides on top.

    Raises:
        RequestError: a variable has an invalid value; the message names it.
    """
    try:
        settings = Settings(**overrides)  # pyright: ignore[reportArgumentType] - pydantic checks the overrides
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]).upper()
        name = name if name in ("DAGSTER_HOME", "NCBI_API_KEY", "XDG_CACHE_HOME") else f"DMICC_{name}"
        raise RequestError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    if found := _NOT_FOR_SQLITE.search(str(settings.dagster_home)):
        raise RequestError(
            f"{settings.dagster_home}: Dagster's database cannot be below a folder with {found[0]!r} in its path; "
            "set DMICC_HOME or DAGSTER_HOME to another folder"
        )
    return settings
