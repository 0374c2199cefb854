"""The settings, read from environment variables. A test compares them with the README's table."""

import contextlib
import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from limits import parse_many
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from orders.domain.company_accounts import read_roles
from orders.domain.identifiers import read_uuid
from orders.domain.inputs import Limits
from orders.domain.mail_server import read_mail_server

PROJECT = Path(__file__).resolve().parent.parent
_log = logging.getLogger(__name__)


class BadSetting(Exception):  # noqa: N818 - named as the other errors
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; `port` comes from the environment variable PORT, and so on.

    Each comment is the description of the setting in the README.
    """

    data_dir: Path = PROJECT / "instance"  # folder for the SQLite file and the generated secret
    database_url: str = ""  # SQLAlchemy URL; empty: an SQLite file in DATA_DIR
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
    demo: bool = True  # a first start makes the demo org
    setup_token: str = ""  # the secret of the link to set up an empty desk; empty: random
    access_log: bool = False  # a line for each request, never with its query string
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
    rate_limit_storage: str = "database://"  # where limits are counted; redis://host, memory://
    file_store: str = ""  # s3://bucket/prefix; empty: the folder files/ in DATA_DIR
    send_webhooks: bool = True  # `serve` also sends webhooks; else a `work` command must
    webhook_threads: int = 8  # messages of one org that each sending process has under way at once
    webhook_days: int = 30  # how long the messages of webhooks and their answers are kept
    webhook_private_network: bool = False  # webhooks may go to addresses in the private network
    smtp_url: str = ""  # smtp://user:password@host:587, or smtps://…; empty: people's own programs
    mail_from: str = ""  # who writes: an address, or Name <address>
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
        keys = [one.strip() for one in self.encryption_key.split(",") if one.strip()]
        return [*keys, self.secret_key]

    @property
    def has_secure_cookies(self) -> bool:
        return self.secure_cookies or self.public_url.startswith("https://")

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

# The field of Limits for each environment variable, such as `cart_lines` for MAX_CART_LINES.
LIMIT_VARIABLES = {
    "FILE_TYPES" if one.name == "file_types" else f"MAX_{one.name.upper()}": one.name
    for one in fields(Limits)
}
# Characters that a link can contain as they are. Fewer than 32 could be guessed.
_SETUP_TOKEN = re.compile(r"[A-Za-z0-9._~-]{32,200}")
QUOTAS = ("org_configurations", "org_file_bytes")  # of which 0 means any number
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return all settings, read from environment variables; create the data folder if missing.

    An unset or empty variable means the default. Raises BadSetting, naming the variable, for a
    value that cannot be used.
    """
    names = {one.name.upper(): one.name for one in fields(Settings) if one.name != "limits"}
    found = _read_all(environment, names, Settings())
    limits = _read_all(environment, LIMIT_VARIABLES, Limits())
    for variable, name in LIMIT_VARIABLES.items():
        if limits.get(name) == 0 and name not in QUOTAS:
            raise BadSetting(f"{variable} must be 1 or more.")
    if limits.get("nesting", 0) > MOST_NESTING:
        raise BadSetting(f"MAX_NESTING must be at most {MOST_NESTING}.")
    settings = Settings(**found, limits=Limits(**limits))
    _check(settings)
    return _with_defaults_on_disk(settings)


def _read_all(
    environment: Mapping[str, str], variables: Mapping[str, str], defaults: object
) -> dict[str, Any]:
    """Return the values of the environment variables that are set, by field name.

    `variables` maps names of variables to names of fields; `defaults` is an object with the default
    of each field, whose type the value gets.
    """
    texts = {name: environment.get(variable, "").strip() for variable, name in variables.items()}
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
        *("workers", "threads", "body_seconds", "webhook_threads", "webhook_days"),
        *("session_idle_hours", "session_max_days"),
    ):
        if getattr(settings, name) < 1:
            raise BadSetting(f"{name.upper()} must be 1 or more.")
    _check_rates(settings)
    for name in ("lookup_limit", "sign_in_limit", "anonymous_limit", "api_limit"):
        try:
            parse_many(getattr(settings, name) or "1 per second")
        except ValueError as error:
            raise BadSetting(f"{name.upper()} must be like 30 per minute.") from error
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise BadSetting(
                f"PUBLIC_URL is {settings.public_url!r}; it must begin with https:// or http://."
            )
    _check_secrets(settings)
    _check_connections(settings)


def _check_secrets(settings: Settings) -> None:
    if settings.secret_key and len(settings.secret_key) < 16:
        raise BadSetting("SECRET_KEY is too short; use at least 16 random characters.")
    if any(len(one) < 16 for one in settings.encryption_keys[:-1]):
        raise BadSetting("ENCRYPTION_KEY is too short; use at least 16 random characters.")
    if settings.setup_token and not _SETUP_TOKEN.fullmatch(settings.setup_token):
        raise BadSetting(
            "SETUP_TOKEN must be 32 to 200 random letters and digits; . _ ~ and - are allowed, too."
        )


def _check_rates(settings: Settings) -> None:
    for name in ("lookup_limit", "sign_in_limit", *NO_LIMITS):
        text = getattr(settings, name)
        if name in NO_LIMITS and text in {"", NONE}:
            continue
        try:
            parse_many(text)
        except ValueError as error:
            raise BadSetting(f"{name.upper()} must be like 30 per minute.") from error


def _check_connections(settings: Settings) -> None:
    if settings.database_url and not settings.database_url.startswith(
        ("sqlite:///", "postgresql:", "postgresql+psycopg:", "postgres:")
    ):
        raise BadSetting("DATABASE_URL must begin with sqlite:/// or postgresql:// .")
    try:
        make_url(_several_hosts(settings.database_url or "sqlite:///x"))
    except (ArgumentError, ValueError) as error:
        raise BadSetting(
            "DATABASE_URL cannot be read; it is postgresql://user:password@host:port/name, with"
            " %40 for @ and %2F for / in the password."
        ) from error
    if settings.file_store and not re.fullmatch(r"s3://[^/\s]+(/\S*)?", settings.file_store):
        raise BadSetting("FILE_STORE must look like s3://bucket or s3://bucket/prefix .")
    if settings.smtp_url:
        try:
            read_mail_server(settings.smtp_url, settings.mail_from)
        except ValueError as error:
            raise BadSetting(str(error)) from error
    _check_oidc(settings)


def _check_oidc(settings: Settings) -> None:
    if not settings.oidc_issuer:
        return
    if find_spec("authlib") is None:
        raise BadSetting("OIDC_ISSUER needs the extra oidc: pip install 'shortorder[oidc]'.")
    parts = urlsplit(settings.oidc_issuer)
    is_safe = parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not (is_safe and parts.netloc):
        raise BadSetting("OIDC_ISSUER must begin with https:// .")
    if not (settings.oidc_client_id and settings.oidc_client_secret):
        raise BadSetting("OIDC_ISSUER also needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
    if "openid" not in settings.oidc_scopes.split():
        raise BadSetting("OIDC_SCOPES must contain openid.")
    if settings.oidc_org and read_uuid(settings.oidc_org) is None:
        raise BadSetting("OIDC_ORG must be the ID of an org, as `flask org add` prints it.")
    try:
        roles = read_roles(settings.oidc_roles)
    except ValueError as error:
        raise BadSetting(
            f"OIDC_ROLES has {str(error)!r}; write desk-admins=admin, desk-people=sales, *=viewer."
        ) from error
    if bool(settings.oidc_role_claim) != bool(roles):
        raise BadSetting("OIDC_ROLE_CLAIM and OIDC_ROLES need each other.")


def _several_hosts(url: str) -> str:
    """Return a URL with several hosts, as libpq has it, as SQLAlchemy has it; others unchanged.

    `//user@one:5432,two:5432/name` becomes `//user@/name?host=one:5432&host=two:5432`.
    """
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts or parts.scheme == "sqlite":
        return url
    query = "&".join(
        [parts.query] * bool(parts.query) + [f"host={one}" for one in hosts.split(",")]
    )
    return f"{parts.scheme}://{user}{at}{parts.path or '/'}?{query}"


def _with_defaults_on_disk(settings: Settings) -> Settings:
    """Return the settings with defaults for an empty `database_url` or `secret_key`.

    Both defaults are in the data folder; the folder and the secret are created if missing. A
    `postgres://` URL is rewritten to `postgresql://`, and several hosts as SQLAlchemy has them.
    """
    url = settings.database_url
    if not url:
        url = f"sqlite:///{settings.data_dir / 'shortorder.sqlite3'}"
    elif url.startswith("postgres://"):  # the spelling that some hosting services hand out
        url = "postgresql" + url.removeprefix("postgres")
    url = _several_hosts(url)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _begin_database(url, settings)
    secret = settings.secret_key or _kept_secret(settings.data_dir)
    _close_to_others(url, settings)
    return replace(settings, database_url=url, secret_key=secret)


def _begin_database(url: str, settings: Settings) -> None:
    """Create the empty SQLite file of a first start, readable by this user only.

    Does nothing if the database exists or is not SQLite's. Raises BadSetting if it is missing
    beside something that only an installation leaves: then it was lost, or is in another place.
    """
    file = _sqlite_file(url, settings)
    if file is None:
        return
    beside = _beside(file)
    folder = [settings.data_dir / "secret_key", settings.data_dir / "files"]
    # Before a look at the file: another process that starts now makes the file first.
    left = [one for one in (*beside, *folder) if one.exists()]
    if file.exists() and (file.stat().st_size or not (set(left) & set(beside))):
        return
    if left and not settings.new_database:
        raise BadSetting(
            f"The database {file} is missing, but {left[0]} is there: put the database back,"
            " correct DATA_DIR or DATABASE_URL, or begin with an empty database by NEW_DATABASE=1."
        )
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise BadSetting(f"The database {file} cannot be created: {error.strerror}.") from error


def _sqlite_file(url: str, settings: Settings) -> Path | None:
    name = make_url(url).database if url.startswith("sqlite:") else None
    # As Flask-SQLAlchemy has it; `name` may be absolute.
    return None if name is None else settings.data_dir / name


def _beside(file: Path) -> list[Path]:
    return [Path(f"{file}{end}") for end in ("-wal", "-shm", "-journal", ".writer-lock")]


def _close_to_others(url: str, settings: Settings) -> None:
    """Let only this user read the database, the secret and the folder of files.

    They may have been put into a folder that others can open, such as by a restored backup. SQLite
    gives its further files the mode of the database. Files of another user are reported.
    """
    file = _sqlite_file(url, settings)
    ours = [settings.data_dir / "secret_key", settings.data_dir / "files"]
    for path in (*ours, *([file, *_beside(file)] if file else [])):
        try:
            mode = path.stat().st_mode
            if mode & 0o077:
                path.chmod(mode & 0o700)
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("Others may read %s: %s.", path, error.strerror)


def _kept_secret(data_dir: Path) -> str:
    """Return the secret stored in the data folder.

    If it is missing, it is created, readable by this user only.
    """
    file = data_dir / "secret_key"
    if not file.exists():
        # Linked into place as a whole: two processes that start together read the same secret.
        draft = data_dir / f".secret_key.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text(encoding="ascii").strip()
