"""The JSON API: a small WSGI application that handles every request to `/api` in the same steps.

`Api._respond` shows these steps. Headers are interpreted in the module `request`. Endpoints are
declared in the modules of their resources.
"""

import contextlib
import gzip
import re
from collections.abc import Iterable
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from flask import Flask
from limits.errors import StorageError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from orders.domain.errors import (
    BUSY,
    FieldError,
    InvalidInput,
    InvalidOrder,
    OrderError,
    ServiceBusy,
    Unauthorized,
)
from orders.interfaces.api.auth import answer_preflight, authenticate, authorize, cors_headers
from orders.interfaces.api.endpoints import Access, Endpoint
from orders.interfaces.api.idempotency import run_once
from orders.interfaces.api.parameter_names import SentParameters
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import ApiRequest, Call
from orders.interfaces.api.responses import (
    COMMON_HEADERS,
    CONTENT_TYPE,
    PROBLEM_TYPE,
    STATUS_LINES,
    RenderedResponse,
    not_modified,
    problem_of,
    problem_of_http,
    render,
    send_file,
)
from orders.interfaces.api.service import RESOURCES
from orders.interfaces.http.admission import require_own_host
from orders.interfaces.http.bodies import read_body
from orders.interfaces.http.observers import handled_request, set_actor
from orders.interfaces.http.rate_limits import RequestLimits
from orders.interfaces.http.security import TRANSPORT_SECURITY
from orders.services import request_log
from orders.services.accounts.acting import ActorKind, act_as
from orders.services.catalog import products
from orders.services.catalog.configuration_queries import StoredFile
from orders.services.request_log import Caller
from orders.settings import Settings
from orders.storage import database
from orders.storage.rate_counts import CANNOT_COUNT
from orders.storage.thread_writes import writes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_NO_QUERY: ImmutableMultiDict[str, str] = ImmutableMultiDict()
_BODILESS = {204, 304}
MAX_PARAMETERS = 100  # different names in one query
WORTH_COMPRESSING = (
    4096  # bytes; a plain order is smaller, and takes longer to compress than to send
)
COMPRESSIBLE = {CONTENT_TYPE, PROBLEM_TYPE}
GZIP_LEVEL = 5


class Router:
    """Maps a request's path (by one regular expression) and its method to an endpoint.

    `paths` maps each declared path (`/api/orders/{reference}`) to that path's endpoints by method.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.paths: dict[str, dict[str, Endpoint]] = {}
        # Fixed paths first: the health check's is not that of an order.
        for endpoint in sorted(endpoints, key=lambda one: "{" in one.path):
            methods = self.paths.setdefault(endpoint.path, {"OPTIONS": endpoint})
            methods[endpoint.method] = endpoint
            if endpoint.method == "GET":
                methods["HEAD"] = endpoint
        # Each path is a group, and those of its parameters follow it.
        patterns = [f"({methods['OPTIONS'].pattern})" for methods in self.paths.values()]
        counts = [re.compile(pattern).groups for pattern in patterns]
        starts = accumulate(counts, initial=1)
        self._methods = dict(zip(starts, self.paths.values(), strict=False))
        self._pattern = re.compile(f"(?:{'|'.join(patterns)})/?")

    def match(self, path: str, method: str) -> tuple[Endpoint, dict[str, str]]:
        """Return the endpoint and the path's parameters. Raises NotFound or MethodNotAllowed."""
        found = self._pattern.fullmatch(path)
        if found is None or found.lastindex is None:
            raise NotFound
        methods = self._methods[found.lastindex]
        if method not in methods:
            raise MethodNotAllowed(list(methods))
        endpoint = methods[method]
        values = found.groups()[found.lastindex :]
        return endpoint, dict(zip(endpoint.path_names, values, strict=False))


class Api:
    """The WSGI application of the JSON API, without Flask: it needs no sessions or templates.

    `app` is the Flask application of the pages, whose settings, services and database the API
    shares.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._limits: RequestLimits = app.extensions["request_limits"]
        self._router = Router(all_endpoints())
        with app.app_context():
            self._engine = database.db.engine

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle one WSGI request, and record its route and token for the request log."""
        request = ApiRequest(environ, populate_request=False)  # no cycle for the collector
        settings: Settings = self._app.config["SETTINGS"]
        services = self._app.extensions
        call = Call(request, settings, services["health"], services["files"], self._limits)
        # Costs a fraction of an application context, which the services do not need.
        token = database.engine_in_use.set(self._engine)
        try:
            response = self._respond_or_refuse(call)
            if call.misses or response.status == 404:
                self._count_misses(call)
            handled = handled_request()
            handled.route = call.route
            if not handled.actor_id and (refused := _refused_caller(call, response.status)):
                handled.org_id, handled.actor_id = refused
            return _send(response, call, start_response)
        finally:
            database.engine_in_use.reset(token)

    def _respond_or_refuse(self, call: Call) -> RenderedResponse:
        request_id = handled_request().id
        try:
            return self._respond(call)
        except OrderError as error:
            if isinstance(error, InvalidOrder):
                call.misses += products.count_unknown(error.errors)
            return problem_of(error, request_id)
        except HTTPException as error:
            return problem_of_http(error, request_id)
        except StorageError as error:  # of Redis
            self._app.logger.warning("A request cannot be counted: %s", error)
            return problem_of(ServiceBusy(CANNOT_COUNT), request_id)
        except MemoryError:
            self._app.logger.error("There is no memory for a request.")  # noqa: TRY400 - nor for more
            is_stored = call.writes is not None and call.writes != writes.committed
            return _problem_without_memory(request_id, is_stored=is_stored)
        except Exception:
            self._app.logger.exception("%s %s failed.", call.request.method, call.request.path)
            return problem_of_http(InternalServerError(), request_id)

    def _count_misses(self, call: Call) -> None:
        """Count the unknown codes and IDs of a public token, so that nobody can guess many."""
        if call.caller is None or call.caller.is_private:
            return
        with contextlib.suppress(StorageError):  # the answer is made already
            self._limits.count_misses(call.request.remote_addr or "", call.misses or 1)

    def _respond(self, call: Call) -> RenderedResponse:
        """Return the response to a request; raise an OrderError or HTTPException to refuse it."""
        request = call.request
        if request.method == "OPTIONS" and request.is_preflight:
            return answer_preflight(
                request
            )  # also of unknown addresses, so that pages read the 404
        endpoint, arguments = self._router.match(request.path, request.method)
        call.route = endpoint.path
        if not endpoint.path.endswith("/healthcheck"):  # probes ask by IP address
            require_own_host(request, call.settings)
        request.max_content_length = (
            call.limits.upload_bytes
            if endpoint.takes_files and request.mimetype == "multipart/form-data"
            else call.limits.body_bytes
        )
        read_body(request)
        if request.method == "OPTIONS":
            return RenderedResponse(200, {"Allow": ", ".join(self._router.paths[endpoint.path])})
        call.query = query = _query_of(call, endpoint)
        if endpoint.access is not Access.NONE and not _is_open(endpoint, arguments):
            call.caller = authenticate(request)
            set_actor(call.caller.org_id, call.caller.id)
            act_as(ActorKind.TOKEN, call.caller.id)
            self._limits.count_request(call.caller, request.remote_addr or "")
            authorize(endpoint, call.caller, query)
        if endpoint.bodies:
            call.body = endpoint.read_body(request)
        if endpoint.sortable:
            call.filters = {one.keyword: one.read(query) for one in endpoint.filters if one.read}
            call.paging = query.paging(endpoint.sortable)
            query.refuse()
        call.writes = writes.committed
        if endpoint.is_idempotent and (key := request.idempotency_key) is not None:
            return run_once(call, endpoint, key, lambda: self._run(call, endpoint, arguments))
        return self._run(call, endpoint, arguments)

    def _run(self, call: Call, endpoint: Endpoint, arguments: Any) -> RenderedResponse:  # noqa: ANN401 - the path's parameters by name
        made = endpoint.function(call, **arguments)
        result = made if endpoint.present is None else endpoint.present(made)
        if isinstance(result.value, StoredFile):
            return send_file(result, call.files, call.request.environ)
        if result.etag and call.request.has_version(result.etag):
            return not_modified(result)
        address = call.address if result.has_picture else ""
        return render(result, endpoint.status, call.request.root_path, address)


def _is_open(endpoint: Endpoint, arguments: dict[str, str]) -> bool:
    return endpoint.is_open is not None and endpoint.is_open(arguments)


def _query_of(call: Call, endpoint: Endpoint) -> Query:
    """Return the request's query parameters; for a list endpoint, under their declared names.

    For a list endpoint, this also stores the unknown parameters in `call.ignored`, and raises
    InvalidInput if there are more than MAX_PARAMETERS parameters.
    """
    request = call.request
    if not request.query_string:
        return Query(_NO_QUERY, call.limits)
    if not endpoint.sortable:
        return Query(request.args, call.limits)
    if len(request.args) > MAX_PARAMETERS:
        raise InvalidInput([FieldError("", f"At most {MAX_PARAMETERS} different parameters.")])
    sent = SentParameters(request.args, endpoint.query_parameters)
    call.ignored = sent.ignored
    return Query(sent.values, call.limits, sent.errors)


def all_endpoints() -> Iterable[Endpoint]:
    """Return the declared endpoints of all resources."""
    return chain.from_iterable(resource.endpoints for resource in RESOURCES)


def _refused_caller(call: Call, status: int) -> Caller | None:
    """Return the org and token in whose log a request without authentication is listed, or None.

    A refused request is listed for the token that it contains, even a revoked one. Refused
    `OPTIONS` requests, and requests refused because the database is unavailable (`status` 503), are
    not listed.
    """
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
    status, body = response.status, response.body
    headers = {**COMMON_HEADERS, **response.headers, **cors_headers(request, call.caller, status)}
    if request.scheme == "https" or call.settings.public_url.startswith("https://"):
        headers.setdefault(*TRANSPORT_SECURITY)
    is_part = status == 206  # of a file: its range counts plain bytes
    if len(body) >= WORTH_COMPRESSING and headers["Content-Type"] in COMPRESSIBLE and not is_part:
        headers["Vary"] += ", Accept-Encoding"
        if request.accepts_gzip():
            body = gzip.compress(body, GZIP_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
            if "ETag" in headers:  # other bytes of the same version (RFC 9110, 8.8.3.3)
                headers["ETag"] = f"W/{headers['ETag']}"
    has_body = status not in _BODILESS
    if has_body:
        headers["Content-Length"] = str(len(body))
    else:
        del headers["Content-Type"]
    start_response(STATUS_LINES[status], list(headers.items()))
    return [body] if has_body and request.method != "HEAD" else []


def _problem_without_memory(request_id: str, *, is_stored: bool) -> RenderedResponse:
    if is_stored:  # after 503 clients send again
        return problem_of_http(InternalServerError(), request_id)
    return problem_of(ServiceBusy(BUSY), request_id)
