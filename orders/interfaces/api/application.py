"""The JSON API: one small WSGI application, through which every request to `/api` takes one path.

`Api._respond` shows that path. What a header means is read in `request`; this module is
the only one that asks for it. Endpoints are declared in the modules of the resources.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import BaseConverter, Map, Rule

from orders.domain.errors import OrderError, ServiceBusy, Unauthorized
from orders.interfaces.api.auth import (
    TokenRateLimit,
    answer_preflight,
    authenticate,
    authorize,
    cors_headers,
)
from orders.interfaces.api.endpoints import Access, Endpoint
from orders.interfaces.api.idempotency import run_once
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import ApiRequest, Call
from orders.interfaces.api.responses import (
    COMMON_HEADERS,
    STATUS_LINES,
    RenderedResponse,
    not_modified,
    problem_of,
    problem_of_http,
    render,
    send_file,
)
from orders.interfaces.api.service import RESOURCES
from orders.interfaces.http.bodies import read_body
from orders.interfaces.http.observers import handled_request
from orders.interfaces.http.security import TRANSPORT_SECURITY
from orders.services import request_log
from orders.services.catalog.configuration_queries import StoredFile
from orders.services.request_log import Caller
from orders.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_NO_QUERY: ImmutableMultiDict[str, str] = ImmutableMultiDict()
_BODILESS = {204, 304}


class OrderReference(BaseConverter):
    """An order in a path. The health check's name is none: it has methods of its own."""

    regex = "(?!healthcheck$)[^/]+"
    part_isolating = True


class Api:
    """The WSGI application. It needs no sessions, forms, templates or languages, and so no Flask.

    `app` is the Flask application beside it, whose settings, services and database it shares.
    `acquire_lock` waits until this thread may work on a request.
    """

    def __init__(self, app: Flask, acquire_lock: Callable[[], None]) -> None:
        self._app = app
        self._acquire_lock = acquire_lock
        self._rate_limit = TokenRateLimit(app.config["SETTINGS"])
        self.urls = url_map()
        self._match = self.urls.bind("api").match

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        request = ApiRequest(environ, populate_request=False)  # no cycle for the collector
        settings: Settings = self._app.config["SETTINGS"]
        services = self._app.extensions
        call = Call(request, settings, services["health"], services["files"])
        with self._app.app_context():  # where the services find their database
            response = self._respond_or_refuse(call)
            handled = handled_request(environ)
            handled.route = call.route
            handled.caller = _log_owner(call, response.status)
        return _send(response, call, start_response)

    def _respond_or_refuse(self, call: Call) -> RenderedResponse:
        try:
            return self._respond(call)
        except OrderError as error:
            return problem_of(error)
        except HTTPException as error:
            return problem_of_http(error)
        except Exception:
            self._app.logger.exception("%s %s failed.", call.request.method, call.request.path)
            return problem_of_http(InternalServerError())

    def _respond(self, call: Call) -> RenderedResponse:
        """Take one request through all steps. Each of them raises what refuses it."""
        request = call.request
        endpoint, arguments = self._match(request.path, request.method)
        call.route = endpoint.path
        request.max_content_length = (
            call.limits.upload_bytes
            if endpoint.takes_files and request.mimetype == "multipart/form-data"
            else call.limits.body_bytes
        )
        read_body(request)
        self._acquire_lock()  # not before the body is here: its sender may be slow
        if request.method == "OPTIONS":
            return self._answer_options(request)
        query = Query(request.args if request.query_string else _NO_QUERY, call.limits)
        if endpoint.access is not Access.NONE:
            call.caller = authenticate(request)
            self._rate_limit.count(call.caller)
            authorize(endpoint, call.caller, query)
        if endpoint.bodies:
            call.body = endpoint.read_body(request)
        if endpoint.sortable:
            call.filters = {one.keyword: one.read(query) for one in endpoint.filters if one.read}
            call.paging = query.paging(endpoint.sortable)
            query.refuse()
        if endpoint.is_idempotent and (key := request.idempotency_key) is not None:
            return run_once(call, endpoint, key, lambda: self._run(call, endpoint, arguments))
        return self._run(call, endpoint, arguments)

    def _run(self, call: Call, endpoint: Endpoint, arguments: Any) -> RenderedResponse:  # noqa: ANN401 - the path's parameters by name
        made = endpoint.function(call, **arguments)
        result = made if endpoint.present is None else endpoint.present(made)
        if isinstance(result.value, StoredFile):
            return send_file(result.value, call.files, call.request.environ)
        if result.etag and call.request.has_version(result.etag):
            return not_modified(result)
        return render(result, endpoint.status, call.request.root_path)

    def _answer_options(self, request: ApiRequest) -> RenderedResponse:
        if request.is_preflight:
            return answer_preflight(request)
        methods = self.urls.bind("api").allowed_methods(request.path)
        return RenderedResponse(200, {"Allow": ", ".join(methods)})


def url_map() -> Map:
    """Return the routes of all declared endpoints."""
    rules = [
        Rule(endpoint.rule, methods=[endpoint.method, "OPTIONS"], endpoint=endpoint)
        for resource in RESOURCES
        for endpoint in resource.endpoints
    ]
    # A redirect to the address with single slashes would write the token of its query into a
    # header and a page.
    return Map(rules, merge_slashes=False, converters={"order": OrderReference})


def _log_owner(call: Call, status: int) -> Caller | None:
    """Return in whose request log the request belongs; refused ones are what people look for.

    A browser's preflight (`OPTIONS`) is not a request of the token.
    """
    if call.caller is not None:
        return Caller(call.caller.org_id, call.caller.id)
    # A database that is away is not asked once more.
    if status == 503 or call.request.method == "OPTIONS" or not call.settings.request_log_days:
        return None
    try:
        secret = call.request.secret
        return None if secret is None else request_log.find_caller(secret)
    except (Unauthorized, ServiceBusy):
        return None


def _send(
    response: RenderedResponse, call: Call, start_response: "StartResponse"
) -> Iterable[bytes]:
    request = call.request
    headers = {**COMMON_HEADERS, **response.headers, **cors_headers(request, call.caller)}
    if request.scheme == "https":
        headers.setdefault(*TRANSPORT_SECURITY)
    has_body = response.status not in _BODILESS
    if has_body:
        headers["Content-Length"] = str(len(response.body))
    else:
        del headers["Content-Type"]
    start_response(STATUS_LINES[response.status], list(headers.items()))
    return [response.body] if has_body and request.method != "HEAD" else []
