"""The composition root: puts settings, database, interfaces and commands together."""

from flask import Flask
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from orders.domain.errors import ServiceBusy
from orders.interfaces.api.application import Api
from orders.interfaces.customer import customer
from orders.interfaces.desk import desk
from orders.interfaces.http import admission, errors, security, session
from orders.interfaces.http.application import Shortorder, compile_pages, keep_for_good, start_pages
from orders.interfaces.http.assets import start_compression
from orders.interfaces.http.bodies import read_body_of_page
from orders.interfaces.http.company_provider import start_company_provider
from orders.interfaces.http.databases import start_database
from orders.interfaces.http.i18n import start_languages
from orders.interfaces.http.limiters import start_limits
from orders.interfaces.http.monitoring import start_monitoring
from orders.interfaces.http.observers import log_requests, record_route
from orders.interfaces.http.prefix import Prefix
from orders.interfaces.http.security_txt import start_security_txt
from orders.interfaces.http.self_check import start_self_check
from orders.interfaces.reference.reference import reference_pages
from orders.services.files import FileStore
from orders.services.health import HealthCheck
from orders.services.request_log import RequestRecorder
from orders.settings import ASSETS, Settings, settings_or_exit
from orders.storage import encryption
from orders.storage.sqlite import request_lock


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application with its commands; without settings, from those of the environment."""
    # Not above: the server needs no commands, and they load Alembic and the senders of webhooks.
    from orders.interfaces.cli.commands import register_commands  # noqa: PLC0415
    from orders.interfaces.cli.config import load_environment  # noqa: PLC0415

    if settings is None:
        load_environment()
    app = _application(settings or settings_or_exit())
    register_commands(app)
    return app


def create_served_app() -> Flask:
    """Make the application for the server, which gets ready before someone waits for it."""
    app = start_monitoring(_application(settings_or_exit()))
    return keep_for_good(compile_pages(app))


def _application(settings: Settings) -> Shortorder:
    app = Shortorder("orders", root_path=str(ASSETS), instance_path=str(settings.data_dir))
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.limits.body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.limits.body_bytes,
        **session.session_settings(settings),
        # A form left open over lunch must not be lost: its protection lives with the session.
        WTF_CSRF_TIME_LIMIT=None,
        LOOKUP_LIMIT=settings.lookup_limit,
        SIGN_IN_LIMIT=settings.sign_in_limit,
    )
    encryption.use_keys(settings.encryption_keys)
    start_pages(app)
    app.context_processor(lambda: {"member": session.current_member()})
    app.session_interface = session.SessionCookies()
    store = FileStore(settings.file_store, settings.data_dir / "files")
    recorder = RequestRecorder(
        settings.request_log_days, app.app_context, most=settings.request_log_rows
    )
    app.extensions.update(health=HealthCheck(), files=store, request_recorder=recorder)
    start_company_provider(app, settings)
    app.observers.append(log_requests(recorder))
    # On PostgreSQL threads wait for its answers at the same time, and need no lock.
    if settings.database_url.startswith("sqlite:"):
        app.acquire_lock = request_lock.acquire
    for hook in (record_route, admission.refuse_other_hosts, admission.refuse_other_sites):
        app.before_request(hook)
    # The limiter reads no form, and what it refuses is not read.
    start_limits(app)
    # The protection against forged requests would read a cut-off form as whole.
    for hook in (read_body_of_page, admission.refuse_large_anonymous_forms):
        app.before_request(hook)
    app.after_request(security.add_security_headers)
    for interface in (desk, customer, reference_pages):
        app.register_blueprint(interface)
    _start_extensions(app, settings)
    start_self_check(app)
    start_security_txt(app, settings.security_contact)
    app.api = Api(app)
    app.register_error_handler(HTTPException, errors.error_page)
    app.register_error_handler(ServiceBusy, errors.busy_page)
    app.wsgi_app = Prefix(app.wsgi_app, settings)  # type: ignore[method-assign]  # as below
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.trusted_proxies] * 4)  # type: ignore[method-assign]  # how Flask wants middleware to be added
    return app


def _start_extensions(app: Flask, settings: Settings) -> None:
    start_database(app, settings)
    Htmx(app)
    start_languages(app, session.language_of_person)
    start_compression(app, "static", "script_texts")
    CSRFProtect(app)
