"""The settings, read from environment variables. A test compares them with the README's table."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from limits import parse_many
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from orders.company_settings import check_company_accounts
from orders.data_folder import DataFolder, database_url, earlier_keys, several_hosts
from orders.domain.backup_settings import BUCKET, check_backup_place
from orders.domain.inputs import Limits
from orders.domain.mail_server import read_mail_server
from orders.environment import BadSetting as BadSetting  # noqa: PLC0414 - others import it from here
from orders.environment import text_of
from orders.monitoring_settings import PACKAGES, listen_address, require_package

PACKAGE = Path(__file__).resolve().parent
# The root of a clone; of an installed package, the folder that contains it.
PROJECT = PACKAGE.parent
IS_INSTALLED = (PACKAGE / "templates").is_dir()
# The folder with `templates`, `static` and `translations`: a wheel has them in the package.
ASSETS = PACKAGE if IS_INSTALLED else PROJECT
# How people call commands. Flask's own command would read `.env` by other rules before ours.
COMMAND = "shortorder" if IS_INSTALLED else ".venv/bin/python -m orders"
MIGRATIONS = PACKAGE / "storage" / "migrations"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; `port` comes from the environment variable PORT, and so on.

    Each comment is the description of the setting in the README.
    """

    # Folder for the SQLite file and the generated secret: of the clone, or where it is started.
    data_dir: Path = Path("instance") if IS_INSTALLED else PROJECT / "instance"
    database_url: str = ""  # SQLAlchemy URL; empty: an SQLite file in DATA_DIR
    database_read_url: str = ""  # a replica, for lists, searches, exports, and look-ups
    database_pool: int = 10  # connections that a process keeps; under load up to five more
    database_wait: int = 30  # seconds that a start waits until the database can be reached
    statement_timeout: int = 30  # seconds that PostgreSQL may take for a statement; 0: any
    lock_timeout: int = 5  # seconds to wait for a lock in PostgreSQL; 0: any
    idle_transaction_timeout: int = 60  # seconds that a transaction may do nothing; 0: any
    new_database: bool = False  # may begin an empty SQLite file beside what is left of another
    secret_key: str = ""  # signs sessions; empty: made once and kept in DATA_DIR
    encryption_key: str = ""  # encrypts stored secrets; earlier keys follow; empty: SECRET_KEY
    host: str = "127.0.0.1"  # address to listen on
    port: int = 8000  # port to listen on
    workers: int = 2  # server processes
    threads: int = 8  # threads in each process
    body_seconds: int = 120  # within which the body of a request must have arrived
    body_min_rate: int = 1000  # bytes a second that a body must keep, after BODY_GRACE; 0: any
    body_grace: int = 5  # seconds before BODY_MIN_RATE counts
    read_seconds: int = 60  # for which a client may read nothing of a response
    demo: bool = True  # a first start makes the demo org
    setup_token: str = ""  # the secret of the link to set up an empty desk; empty: random
    access_log: bool = False  # a line for each request, never with its query string
    log_format: str = "text"  # log lines as text, or as json
    metrics_token: str = ""  # the secret with which /metrics is read; empty: there is no /metrics
    metrics_listen: str = ""  # port, or host:port, that serves /metrics alone
    otel_exporter_otlp_endpoint: str = ""  # where traces go, such as http://collector:4318
    sentry_dsn: str = ""  # where errors are reported
    request_log_days: int = 14  # days for which an org's recent requests are kept; 0 keeps none
    request_log_rows: int = 1_000_000  # requests of all orgs that are kept at most; 0: any number
    public_url: str = ""  # where customers reach the service, for links; empty: as requested
    allowed_hosts: str = ""  # other host names than PUBLIC_URL's, with commas; empty, both: any
    trusted_proxies: int = 0  # how many reverse proxies in front set X-Forwarded-*
    secure_cookies: bool = False  # cookies over TLS only; always so when PUBLIC_URL is https
    session_idle_hours: int = 12  # hours after which a session that is not used ends
    session_max_days: int = 14  # days after which people sign in again in any case
    lookup_limit: str = "30 per minute"  # look-ups by one address
    miss_limit: str = "60 per minute"  # unknown codes and IDs by one address
    sign_in_limit: str = "10 per minute"  # tries to sign in by one address
    anonymous_limit: str = "60 per minute"  # forms sent by one address without a sign-in
    account_limit: str = "10 per 10 minutes"  # tries to sign in to one account by one address
    account_total_limit: str = "60 per hour"  # tries at one account by all unknown addresses
    api_limit: str = ""  # requests by one token, such as 600 per minute; empty: any
    public_token_limit: str = "6000 per minute"  # requests by one public token  # noqa: S105 - no secret
    public_address_limit: str = "600 per minute"  # requests of public tokens by one address
    rate_limit_storage: str = (
        "database://"  # where limits are counted; redis://host:6379/0, memory://
    )
    file_store: str = ""  # s3://bucket/prefix; empty: the folder files/ in DATA_DIR
    send_webhooks: bool = True  # `serve` also sends webhooks; else a `work` command must
    webhook_threads: int = 8  # messages of one org that each sending process has under way at once
    draft_days: int = 60  # days after its last change for which a draft is kept
    import_days: int = 365  # days for which finished imports and their rows are kept; 0: for ever
    deleted_order_days: int = 90  # days after which deleted orders are gone for good; 0: never
    audit_days: int = 730  # days for which events of the audit log are kept; 0: for ever
    webhook_days: int = 30  # how long the messages of webhooks and their answers are kept
    webhook_private_network: bool = False  # webhooks may go to addresses in the private network
    smtp_url: str = ""  # smtp://user:password@host:587, or smtps://…; empty: people's own programs
    mail_from: str = ""  # who writes: an address, or Name <address>
    security_contact: str = ""  # of /.well-known/security.txt; empty: there is none
    backup_to: str = ""  # folder or s3://bucket/prefix for backups by schedule; empty: none
    backup_every: int = 24  # hours between two backups
    backup_keep: int = 14  # how many backups remain in BACKUP_TO, the newest; 0: all
    backup_passphrase: str = ""  # encrypts backups, which then include the keys; empty: neither
    oidc_issuer: str = ""  # provider of company accounts, such as https://login.example.com/realm
    oidc_client_id: str = ""  # the name of this service there
    oidc_client_secret: str = ""  # its secret there
    oidc_name: str = ""  # of the provider, for the button; empty: its host name
    oidc_scopes: str = "openid email profile"  # what is asked for
    oidc_role_claim: str = ""  # the claim with roles or groups; empty: roles are set here
    oidc_roles: str = ""  # the roles that its values mean: desk-admins=admin, *=sales
    oidc_org: str = ""  # the ID of the org of new accounts; empty: only invited people get one
    limits: Limits = field(default_factory=Limits)  # the MAX_… settings below

    @property
    def encryption_keys(self) -> list[str]:
        """The keys of stored secrets, at least one: the first encrypts, and all decrypt."""
        return [*_own_keys(self), self.secret_key, *earlier_keys(self.data_dir)]

    @property
    def has_metrics(self) -> bool:
        return bool(self.metrics_token or self.metrics_listen)

    @property
    def has_secure_cookies(self) -> bool:
        return self.secure_cookies or self.public_url.startswith("https://")

    @property
    def public_origin(self) -> str:
        """The scheme and host of PUBLIC_URL without a slash; "" if it is not set."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def public_path(self) -> str:
        """The path of PUBLIC_URL without a final slash, mostly ""."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names that requests may have, without ports; empty if any are allowed.

        A name that begins with a dot stands for all of its subdomains.
        """
        added = (one.strip().lower() for one in self.allowed_hosts.split(","))
        return tuple(filter(None, (urlsplit(self.public_url).hostname, *added)))


# Limits that `0` switches off.
NONE = "0"
NO_LIMITS = (
    "api_limit", "public_token_limit", "public_address_limit", "miss_limit", "account_limit",
    "account_total_limit",
)  # fmt: skip
# orjson writes up to 254 levels; an order adds its own.
MOST_NESTING = 200

# The field of Settings for each environment variable.
SETTING_VARIABLES = {one.name.upper(): one.name for one in fields(Settings) if one.name != "limits"}
# The field of Limits for each environment variable, such as `cart_lines` for MAX_CART_LINES.
LIMIT_VARIABLES = {
    "FILE_TYPES" if one.name == "file_types" else f"MAX_{one.name.upper()}": one.name
    for one in fields(Limits)
}
# A path below which the service may be reached, without a final slash.
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
# Characters that a link can contain as they are. Fewer than 32 could be guessed.
_SETUP_TOKEN = re.compile(r"[A-Za-z0-9._~-]{32,200}")
QUOTAS = ("org_configurations", "org_file_bytes")  # of which 0 means any number
_POSTGRESQL = ("postgresql:", "postgresql+psycopg:", "postgres:")
_CONTACT = re.compile(r"[^\s:@]+@[^\s:@]+|(?:https://|mailto:|tel:)\S+")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return all settings, read from environment variables; create the data folder if missing.

    The SQLite file of a first start and a secret are created in it, and other users of the machine
    cannot read them. Raises BadSetting, naming the variable, for a value that cannot be used.
    """
    settings = parse_settings(environment)
    folder = DataFolder(settings.data_dir, settings.database_url)
    try:
        folder.begin(may_be_new=settings.new_database)
        secret = settings.secret_key or folder.kept_secret()
    except OSError as error:
        raise BadSetting(f"{settings.data_dir} cannot be used: {error.strerror}.") from error
    folder.close_to_others()
    return replace(settings, secret_key=secret)


def settings_or_exit() -> Settings:
    """Return all settings; a bad one ends the process with its sentence and no traceback."""
    try:
        return read_settings()
    except BadSetting as error:
        raise SystemExit(str(error)) from error


def parse_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return all settings, read from environment variables, without a look at the data folder.

    An unset or empty variable means the default; `secret_key` may be empty. Raises BadSetting,
    naming the variable, for a value that cannot be used.
    """
    found = _read_all(environment, SETTING_VARIABLES, Settings())
    limits = _read_all(environment, LIMIT_VARIABLES, Limits())
    for variable, name in LIMIT_VARIABLES.items():
        if limits.get(name) == 0 and name not in QUOTAS:
            raise BadSetting(f"{variable} must be 1 or more.")
    if limits.get("nesting", 0) > MOST_NESTING:
        raise BadSetting(f"MAX_NESTING must be at most {MOST_NESTING}.")
    settings = Settings(**found, limits=Limits(**limits))
    _check(settings)
    folder = settings.data_dir.absolute()
    url = database_url(settings.database_url, folder)
    read_url = settings.database_read_url and database_url(settings.database_read_url, folder)
    return replace(settings, data_dir=folder, database_url=url, database_read_url=read_url)


def _read_all(
    environment: Mapping[str, str], variables: Mapping[str, str], defaults: object
) -> dict[str, Any]:
    """Return the values of the environment variables that are set, by field name.

    `variables` maps names of variables to names of fields; `defaults` is an object with the default
    of each field, whose type the value gets.
    """
    texts = {name: text_of(environment, variable) for variable, name in variables.items()}
    return {
        name: _read(variable, texts[name], getattr(defaults, name))
        for variable, name in variables.items()
        if texts[name]
    }


def _read(variable: str, text: str, default: object) -> object:
    """Return the text of a variable converted to the type of the default.

    Raises BadSetting if it cannot be converted.
    """
    if isinstance(default, bool):
        known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in known:
            raise BadSetting(f"{variable} is {text!r}; it must be 1 or 0.")
        return known[text.lower()]
    if isinstance(default, int):
        if not (text.isascii() and text.isdigit()):
            raise BadSetting(f"{variable} is {text!r}; it must be a whole number.")
        return int(text)
    if isinstance(default, frozenset):
        types = [one.strip().lower() for one in text.split(",") if one.strip()]
        for one in types:
            if not _CONTENT_TYPE.fullmatch(one):
                raise BadSetting(f"{variable} has {one!r}; write content types such as image/png.")
        return frozenset(types)
    if isinstance(default, Path):
        return Path(text).expanduser().resolve()
    return text


def _check(settings: Settings) -> None:
    if not 1 <= settings.port <= 65535:
        raise BadSetting(f"PORT is {settings.port}; it must be from 1 to 65535.")
    for name in (
        *("workers", "threads", "database_pool", "body_seconds", "read_seconds", "webhook_threads"),
        *("webhook_days", "session_idle_hours", "session_max_days", "backup_every", "draft_days"),
    ):
        if getattr(settings, name) < 1:
            raise BadSetting(f"{name.upper()} must be 1 or more.")
    _check_rates(settings)
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise BadSetting(
                f"PUBLIC_URL is {settings.public_url!r}; it must begin with https:// or http://."
            )
        path = parts.path.rstrip("/")
        if parts.query or parts.fragment or (path and not PREFIX.fullmatch(path)):
            raise BadSetting(
                "PUBLIC_URL may have a path of letters, digits, and . _ ~ - after its host, and no"
                " query."
            )
    if settings.security_contact and not _CONTACT.fullmatch(settings.security_contact):
        raise BadSetting(
            "SECURITY_CONTACT must be an e-mail address, or begin with https://, mailto: or tel: ."
        )
    _check_secrets(settings)
    _check_connections(settings)
    _check_monitoring(settings)


def _check_secrets(settings: Settings) -> None:
    if settings.secret_key and len(settings.secret_key) < 16:
        raise BadSetting("SECRET_KEY is too short; use at least 16 random characters.")
    if any(len(one) < 16 for one in _own_keys(settings)):
        raise BadSetting("ENCRYPTION_KEY is too short; use at least 16 random characters.")
    if settings.setup_token and not _SETUP_TOKEN.fullmatch(settings.setup_token):
        raise BadSetting(
            "SETUP_TOKEN must be 32 to 200 random letters and digits; . _ ~ and - are allowed, too."
        )


def _check_monitoring(settings: Settings) -> None:
    if settings.log_format not in {"text", "json"}:
        raise BadSetting(f"LOG_FORMAT is {settings.log_format!r}; it must be text or json.")
    if settings.metrics_token and len(settings.metrics_token) < 16:
        raise BadSetting("METRICS_TOKEN is too short; use at least 16 random characters.")
    try:
        if (
            settings.metrics_listen
            and listen_address(settings.metrics_listen).port == settings.port
        ):
            raise BadSetting("METRICS_LISTEN must be another port than PORT.")
        for name in PACKAGES:
            if getattr(settings, name):
                require_package(name)
    except ValueError as error:
        raise BadSetting(str(error)) from error


def _check_rates(settings: Settings) -> None:
    _check_rate_storage(settings.rate_limit_storage)
    for name in ("lookup_limit", "sign_in_limit", "anonymous_limit", *NO_LIMITS):
        text = getattr(settings, name)
        if name in NO_LIMITS and text in {"", NONE}:
            continue
        try:
            parse_many(text)
        except ValueError as error:
            raise BadSetting(f"{name.upper()} must be like 30 per minute.") from error


def _check_rate_storage(uri: str) -> None:
    parts = urlsplit(uri)
    if uri in {"database://", "memory://"}:
        return
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise BadSetting(
            "RATE_LIMIT_STORAGE must be database://, memory://, or like redis://host:6379/0 ."
        )
    try:
        _ = parts.port
    except ValueError as error:
        raise BadSetting(f"RATE_LIMIT_STORAGE cannot be read: {error}.") from error
    if find_spec("redis") is None:
        raise BadSetting(
            "RATE_LIMIT_STORAGE needs the Redis client, which the extra [redis] of the wheel has;"
            " in a clone, run `make redis`."
        )


def _check_connections(settings: Settings) -> None:
    _check_databases(settings.database_url, settings.database_read_url)
    if settings.file_store and not BUCKET.fullmatch(settings.file_store):
        raise BadSetting("FILE_STORE must look like s3://bucket or s3://bucket/prefix .")
    if settings.backup_to:
        try:
            check_backup_place(settings.backup_to, settings.file_store, settings.data_dir)
        except ValueError as error:
            raise BadSetting(f"BACKUP_TO {error}") from error
    if settings.smtp_url:
        try:
            read_mail_server(settings.smtp_url, settings.mail_from)
        except ValueError as error:
            raise BadSetting(str(error)) from error
    check_company_accounts(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret,
        settings.oidc_scopes, settings.oidc_org, settings.oidc_role_claim, settings.oidc_roles,
    )  # fmt: skip


def _check_databases(url: str, read_url: str) -> None:
    if url and not url.startswith(("sqlite:///", *_POSTGRESQL)):
        raise BadSetting("DATABASE_URL must begin with sqlite:/// or postgresql:// .")
    if read_url and not (url.startswith(_POSTGRESQL) and read_url.startswith(_POSTGRESQL)):
        raise BadSetting(
            "DATABASE_READ_URL must begin with postgresql://, and so must DATABASE_URL."
        )
    for variable, one in {"DATABASE_URL": url, "DATABASE_READ_URL": read_url}.items():
        try:
            hosts = make_url(several_hosts(one or "sqlite:///x")).query.get("host", "")
        except (ArgumentError, ValueError) as error:
            raise BadSetting(
                f"{variable} cannot be read; it is postgresql://user:password@host:port/name, with"
                " %40 for @ and %2F for / in the password."
            ) from error
        if one == read_url and (isinstance(hosts, tuple) or "," in hosts):
            raise BadSetting("DATABASE_READ_URL must name one host.")


def _own_keys(settings: Settings) -> list[str]:
    return [one.strip() for one in settings.encryption_key.split(",") if one.strip()]
