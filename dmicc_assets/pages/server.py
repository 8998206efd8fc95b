"""The addresses of the pages, and the server on this machine's loopback. What a page does is in its own module."""

import logging
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dmicc_assets.errors import DataError, DmiccError, RequestError
from dmicc_assets.pages import new_study, reports, score, studies
from dmicc_assets.pages.forms import Form, read_form
from dmicc_assets.pages.loopback import NAMES, LoopbackOnly
from dmicc_assets.pages.site import NotThereError, Site

HOST = "127.0.0.1"
_LOG = logging.getLogger("dmicc.pages")

Answer = Callable[..., Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def application(site: Site, names: Sequence[str] = NAMES) -> Starlette:
    """The pages as an ASGI application, which answers to these names of this machine."""
    page, action = _pages(site)
    study = "/studies/{name:str}"
    routes = [
        Route("/", page(studies.index)),
        Route("/new", page(new_study.empty)),
        Route("/new", action(new_study.act), methods=["POST"]),
        Route(study, page(studies.study_page)),
        Route(f"{study}/check", action(studies.check_study), methods=["POST"]),
        Route(f"{study}/run", action(studies.run_study), methods=["POST"]),
        Route(f"{study}/score", page(score.empty)),
        Route(f"{study}/score", action(score.scored), methods=["POST"]),
        Route("/reports/{study:str}", page(lambda site, _, study: reports.report_without_slash(site, study))),
        Route(
            "/reports/{study:str}/{inside:path}",
            page(lambda site, _, study, inside: reports.report(site, study, inside)),
        ),
        Mount("/static", StaticFiles(packages=[("dmicc_assets.pages", "static")])),
    ]

    async def failed(_: Request, error: Exception) -> Response:
        """Whatever fails is told as a line; a defect has its traceback in the terminal of `dmicc ui`."""
        match error:
            case HTTPException():
                status, text = error.status_code, "there is no such page" if error.status_code == 404 else error.detail
            case RequestError():
                status, text = 404 if isinstance(error, NotThereError) else 400, str(error)
            case DataError():  # the lake or the study is not in a state in which this can be shown
                status, text = 409, str(error)
            case DmiccError() | OSError() | UnicodeDecodeError():
                status, text = 502, str(error)
            case _:
                _LOG.error("a defect of a page", exc_info=error)
                status, text = 500, "a defect of this page; the terminal of `dmicc ui` has its traceback"
        return site.page("error.html", status, text=text)

    handlers = {HTTPException: failed, DmiccError: failed, OSError: failed, UnicodeDecodeError: failed}
    return Starlette(
        routes=routes,
        middleware=[Middleware(LoopbackOnly, names=names)],
        exception_handlers={**handlers, Exception: failed},
    )


def _pages(site: Site) -> tuple[Callable[[Answer], Endpoint], Callable[[Answer], Endpoint]]:
    """Makers of endpoints: of a page that is read, and of an action whose form must carry the token."""

    def page(answer: Answer) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            form = Form(tuple(request.query_params.multi_items()))
            return await run_in_threadpool(answer, site, form, **request.path_params)

        return endpoint

    def action(answer: Answer) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            form = await read_form(request)
            site.token.check(form.text("token"))
            return await run_in_threadpool(answer, site, form, **request.path_params)

        return endpoint

    return page, action


def server(site: Site, port: int, host: str = HOST, names: Sequence[str] = NAMES) -> uvicorn.Server:
    """A server of the pages, not yet started: on loopback, unless a person asked for another address and its names."""
    return uvicorn.Server(
        uvicorn.Config(
            application(site, names),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
