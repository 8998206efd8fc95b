"""`dmicc doctor`: whether what several machines share holds what is asked of it. The trials are in `lake/`."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dmicc_assets.errors import DataError, RequestError

if TYPE_CHECKING:
    from dmicc_assets.study.settings import Settings


def doctor(
    locks: Annotated[
        bool,
        typer.Option("--locks", help="Try locks on $DMICC_HOME, on all machines at the same time."),
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long each process tries them.")] = 5.0,
) -> None:
    """Try the locks and the store that several machines share.

    The object store and the database of locks are tried if DMICC_LAKE_URL and DMICC_LOCKS_URL name them.
    """
    from dmicc_assets.study.settings import load_settings

    settings = load_settings()
    if not (locks or settings.lake_url or settings.locks_url):
        raise RequestError("nothing is shared: give --locks, or set DMICC_LAKE_URL or DMICC_LOCKS_URL")
    out = Console(highlight=False, markup=False, soft_wrap=True)
    if settings.lake_url is not None:
        from dmicc_assets.lake.object_store import open_storage
        from dmicc_assets.lake.store_trial import try_store

        try_store(open_storage(settings.lake_url))
        out.print(f"{settings.lake_url}: conditional writes hold.")
    if settings.locks_url is not None:
        from dmicc_assets.lake.advisory_locks import try_advisory_locks

        try_advisory_locks(settings.locks_url)
        out.print("DMICC_LOCKS_URL: locks hold.")
    if locks:
        _try_locks(out, settings, seconds)


def _try_locks(out: Console, settings: "Settings", seconds: float) -> None:
    from dmicc_assets.lake.lock_trial import try_locks

    trial = try_locks(settings.locks, seconds)
    n_hosts = len(trial.hosts)
    out.print(f"{settings.locks}: {trial.n_processes} processes on {n_hosts} machines ({', '.join(trial.hosts)})")
    if lost := {kind: n for kind, n in trial.lost.items() if n}:
        said = ", ".join(f"{n} counts under locks of {kind}" for kind, n in lost.items())
        raise DataError(
            f"{settings.locks}: locks do not hold on this file system ({said} were lost): give each machine a home of "
            "its own and share the lake through an object store (DMICC_LAKE_URL)"
        )
    out.print("Locks hold: no count was lost.")
    if n_hosts == 1:
        out.print("That is this machine alone: run it on all machines at the same time.")
