"""The composition root: puts settings, database, doors and commands together.

`create_app` is what the production server and the `flask` command call.
"""

from flask import Flask, Response, request
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from orders import turns
from orders.api import api
from orders.api.lane import ExpressLane
from orders.api.problems import problem_of, problem_of_http
from orders.commands import register_commands
from orders.customer import customer
from orders.docs import docs
from orders.files import FileStore
from orders.health import HealthCheck
from orders.recording.request_recorder import RequestRecorder
from orders.rules.errors import ServiceBusy
from orders.settings import PROJECT, BadSetting, Settings, read_settings
from orders.staff import staff
from orders.staff.session import current_member, language_of_person, login_manager
from orders.storage.database import db
from orders.web import errors, security
from orders.web.application import Shortorder, compile_pages, keep_for_good, start_pages
from orders.web.assets import start_compression
from orders.web.bodies import allow_uploads, refuse_broken_body
from orders.web.hooks import hooks_for
from orders.web.language import start_languages
from orders.web.limits import limiter
from orders.web.script_texts import start_script_texts


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application from the settings; without any, from the environment."""
    settings = settings or _settings_of_environment()
    app = Shortorder("orders", root_path=str(PROJECT), instance_path=str(settings.data_dir))
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        MAX_CONTENT_LENGTH=settings.limits.body_bytes,
        # A form with a full cart has as many fields as fit into the body.
        MAX_FORM_MEMORY_SIZE=settings.limits.body_bytes,
        MAX_FORM_PARTS=100_000,
        **security.SESSION_SETTINGS,
        SESSION_COOKIE_SECURE=settings.has_secure_cookies,
        # A form left open over lunch must not be lost: its protection lives with the session.
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        RATELIMIT_HEADERS_ENABLED=True,
        LOOKUP_LIMIT=settings.lookup_limit,
        SIGN_IN_LIMIT=settings.sign_in_limit,
    )
    start_pages(app)
    app.context_processor(lambda: {"member": current_member()})
    app.session_interface = security.SessionCookies()
    store = FileStore(settings.file_store, settings.data_dir / "files")
    app.extensions.update(health=HealthCheck(), files=store)
    # First of all: the protection against forged requests would read a cut-off form as whole.
    app.before_request(allow_uploads)
    app.before_request(refuse_broken_body)
    # On PostgreSQL threads wait for its answers side by side, and need no turns.
    take_turn = turns.take if settings.database_url.startswith("sqlite:") else turns.skip
    app.before_request(take_turn)  # not before the body is here: its sender may be slow
    recorder = RequestRecorder(settings.request_log_days, app.app_context)
    app.extensions["request_recorder"] = recorder
    app.express_lane = ExpressLane(app, settings.limits, take_turn, recorder).answer
    app.after_request(security.add_security_headers)
    for door in (api, staff, customer, docs):
        app.register_blueprint(door)
    _start_extensions(app)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(ServiceBusy, _answer_busy)
    register_commands(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.trusted_proxies] * 4)  # type: ignore[method-assign]  # how Flask wants middleware to be added
    return app


def create_served_app() -> Flask:
    """Make the application for the server, which gets ready before somebody waits for it."""
    return keep_for_good(compile_pages(create_app()))


def _settings_of_environment() -> Settings:
    """Read the settings; a bad one ends the start with its sentence and no traceback."""
    try:
        return read_settings()
    except BadSetting as error:
        raise SystemExit(str(error)) from error


def _start_extensions(app: Flask) -> None:
    db.init_app(app)
    # It would end a session after each request; the services use connections, and no session.
    app.teardown_appcontext_funcs.clear()
    Migrate(app, db, directory=str(PROJECT / "orders" / "storage" / "migrations"))
    Htmx(app)
    start_languages(app, language_of_person)
    start_script_texts(app)
    start_compression(app, "static", "script_texts")
    # The JSON door knows its callers by token, never by cookie: it has no sessions to protect.
    with hooks_for(app, set(app.blueprints) - {api.name}):
        CSRFProtect(app)
        login_manager.init_app(app)
        limiter.init_app(app)


def _answer_http_error(error: HTTPException) -> Response:
    return problem_of_http(error) if security.is_for_programs(request) else errors.error_page(error)


def _answer_busy(error: ServiceBusy) -> Response:
    return problem_of(error) if security.is_for_programs(request) else errors.busy_page(error)
