"""The page's WSGI middleware. It answers a browser, and passes every other request on to the services.

A browser is known by `Sec-Fetch-Site`, which AWS clients do not send. Requests of other origins do not come here: the
guard before it refuses them (server/browser_guard.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError
from jinja2 import Environment, PackageLoader
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local_aws.core.world import World
from local_aws.page.drawing import drawing
from local_aws.page.look import Look

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EXECUTIONS = "/_local-aws/executions"
OBJECTS = "/_local-aws/objects/"

_STRICT = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
"""The page needs no script, and nothing from elsewhere."""
_SANDBOX = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
"""An object's HTML may be anybody's: it runs no script, and its origin is not the local AWS's."""

_templates = Environment(loader=PackageLoader("local_aws.page"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_templates.filters["quoted"] = quote


class Page:
    """Answers browsers with the page of a world, and passes other requests to `application`."""

    def __init__(self, application: WSGIApplication, world: Callable[[], World]) -> None:
        self._application = application
        self._world = world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request."""
        response = self._response(Request(environ)) if "HTTP_SEC_FETCH_SITE" in environ else None
        return (self._application if response is None else response)(environ, start_response)

    def _response(self, request: Request) -> Response | None:
        look = Look(self._world())
        if request.path == "/" and request.method == "GET":
            return _page(look, request)
        if request.path == EXECUTIONS and request.method == "POST":
            look.start(request.form["machine"])
            return redirect("/", 303)
        if request.path.startswith(OBJECTS) and request.method == "GET":
            bucket, _, key = request.path.removeprefix(OBJECTS).partition("/")
            try:
                content = look.page(bucket, key)
            except ClientError as missing:
                return Response(f"{bucket}/{key}: {missing}", 404, mimetype="text/plain")
            headers = {"Content-Security-Policy": _SANDBOX}
            return Response(content, mimetype="text/html", headers=headers)
        return None


def _page(look: Look, request: Request) -> Response:
    sql = request.args.get("sql", "")
    workgroups, databases = look.workgroups(), look.databases()
    workgroup = request.args.get("workgroup") or workgroups[0]
    database = request.args.get("database") or next((name for name in databases if name != "default"), "")
    machines = list(look.machines())
    text = _templates.get_template("page.html").render(
        stacks=look.stacks(),
        machines=[(machine, drawing(machine.definition, machine.visits)) for machine in machines],
        running=any(machine.status == "RUNNING" for machine in machines) and not sql,
        tables=list(look.tables()),
        pages=look.pages(),
        notices=look.notices(),
        sql=sql,
        workgroup=workgroup,
        workgroups=workgroups,
        database=database,
        databases=databases,
        answer=look.ask(sql, workgroup, database) if sql else None,
        executions=EXECUTIONS,
        objects=OBJECTS,
    )
    return Response(text, mimetype="text/html", headers={"Content-Security-Policy": _STRICT})
