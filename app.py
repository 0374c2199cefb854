"""The composition root: puts settings, database, doors and commands together.

`create_app` is what the production server and the `flask` command call.
"""

from datetime import timedelta

from flask import Flask, Response, request
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from orders.api.problems import problem_of, problem_of_http
from orders.api.views import api
from orders.commands import register_commands
from orders.customer import customer
from orders.health import HealthCheck
from orders.rules.errors import ServiceBusy
from orders.settings import PROJECT, BadSetting, Settings, read_settings
from orders.staff import staff
from orders.staff.accounts import current_member, login_manager
from orders.storage.database import db
from orders.web import errors
from orders.web.assets import asset
from orders.web.bodies import refuse_broken_body
from orders.web.limits import start_limiter
from orders.web.security import SessionCookies, add_security_headers

# A working day and a half: nobody signs in twice a day, and a forgotten screen signs itself out.
SESSION_LIFE = timedelta(hours=12)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application from the settings; without any, from the environment."""
    settings = settings or _settings_of_environment()
    app = Flask("orders", root_path=str(PROJECT), instance_path=str(settings.data_dir))
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        MAX_CONTENT_LENGTH=settings.limits.body_bytes,
        # A form with a full cart has as many fields as fit into the body.
        MAX_FORM_MEMORY_SIZE=settings.limits.body_bytes,
        MAX_FORM_PARTS=100_000,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFE,
        SESSION_COOKIE_NAME="shortorder",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.has_secure_cookies,
        # A form left open over lunch must not be lost: its protection lives with the session.
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        RATELIMIT_HEADERS_ENABLED=True,
        LOOKUP_LIMIT=settings.lookup_limit,
        SIGN_IN_LIMIT=settings.sign_in_limit,
    )
    app.jinja_env.globals["asset"] = asset
    app.context_processor(lambda: {"member": current_member()})
    app.session_interface = SessionCookies()
    app.extensions["health"] = HealthCheck()
    # First of all: the protection against forged requests would read a cut-off form as whole.
    app.before_request(refuse_broken_body)
    _start_extensions(app)
    app.after_request(add_security_headers)
    app.register_blueprint(api)
    app.register_blueprint(staff)
    app.register_blueprint(customer)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(ServiceBusy, _answer_busy)
    start_limiter(app, (staff.name, customer.name))
    register_commands(app)
    if settings.trusted_proxies:
        proxies = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, proxies, proxies, proxies, proxies)  # type: ignore[method-assign]  # how Flask wants middleware to be added
    return app


def _settings_of_environment() -> Settings:
    """Read the settings; a bad one ends the start with its sentence and no traceback."""
    try:
        return read_settings()
    except BadSetting as error:
        raise SystemExit(str(error)) from error


def _start_extensions(app: Flask) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(PROJECT / "orders" / "storage" / "migrations"))
    csrf = CSRFProtect(app)
    csrf.exempt(api)  # the JSON door knows its callers by token, never by cookie
    Htmx(app)
    login_manager.init_app(app)


def _is_for_programs() -> bool:
    """A blueprint's own handler does not see unknown addresses: the path decides."""
    return request.path == "/api" or request.path.startswith("/api/")


def _answer_http_error(error: HTTPException) -> Response:
    return problem_of_http(error) if _is_for_programs() else errors.error_page(error)


def _answer_busy(error: ServiceBusy) -> Response:
    return problem_of(error) if _is_for_programs() else errors.busy_page(error)
