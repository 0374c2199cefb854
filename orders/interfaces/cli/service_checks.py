"""Checks of `shortorder doctor`: the database, and the other servers that the service uses."""

import json
import secrets
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from orders.domain.errors import BackupError, OrderError, ServiceBusy
from orders.environment import masked
from orders.interfaces.cli.findings import PATIENCE, Examined, Finding, State, fault, ok, warning
from orders.interfaces.cli.upgrade import SchemaState, newer_schema, schema_state
from orders.interfaces.http.self_check import PATH, new_key
from orders.services import backup, mail
from orders.services.files import FileStore
from orders.services.stored_secrets import can_read_secrets
from orders.storage.replica import NoReplica, Replica
from orders.storage.startup import schema_version
from orders.storage.tables import orders
from orders.storage.unavailable import reason_of

# How far clocks may be apart.
CLOCK_TOLERANCE = timedelta(minutes=1)
# An address for examples (RFC 5737), which no client has.
EXAMPLE_CLIENT = "203.0.113.77"
LOCAL_HOSTS = {"127.0.0.1", "::1", "localhost"}


def check_database(examined: Examined) -> list[Finding]:
    """Check that the database can be reached, and has the schema that this version needs."""
    if not examined.has_database:
        return [warning("There is no database yet.", "The first start of `serve` creates it.")]
    engine = examined.engine()
    try:
        stored = schema_version(engine)
    except ServiceBusy as error:
        return [
            fault(
                f"The database cannot be reached: {reason_of(error)}",
                "Start it, or correct DATABASE_URL; `shortorder config show` shows it.",
            )
        ]
    match schema_state(stored):
        case SchemaState.CURRENT:
            return ok(f"{engine.dialect.name}, schema {stored}")
        case SchemaState.NEWER:
            return [fault(newer_schema(stored), "Install the newer version, or restore a backup.")]
        case state:
            return [
                fault(
                    f"The database has the schema of an older version ({stored or state}).",
                    "Run: shortorder database upgrade",
                )
            ]


def check_replica(examined: Examined) -> list[Finding]:
    """Check that DATABASE_READ_URL names a replica of the database, and that it is up to date."""
    if not examined.settings.database_read_url:
        return ok("DATABASE_READ_URL is not set: the database answers everything.")
    if not _is_current(examined):
        return []
    replica = Replica(examined.engine(), examined.replica_engine())
    advice = "Correct DATABASE_READ_URL, or leave it out; the primary answers meanwhile."
    try:
        replica.check()
        if not replica.is_current():
            return [warning("The replica is late.", "Look at the load and the log of its server.")]
    except NoReplica as error:
        return [fault(str(error), advice)]
    except (ServiceBusy, SQLAlchemyError) as error:
        return [fault(f"The replica cannot be reached: {reason_of(error)}", advice)]
    return ok("The replica is up to date.")


def check_encryption(examined: Examined) -> list[Finding]:
    """Check that the keys fit the stored secrets."""
    if not _is_current(examined):
        return []
    settings = replace(examined.settings, secret_key=examined.secret_key)
    with examined.engine().connect() as connection:
        if can_read_secrets(connection, settings.encryption_keys):
            return ok("The keys fit the stored secrets.")
    return [
        fault(
            "Stored secrets were encrypted with another key.",
            "Append the earlier SECRET_KEY or ENCRYPTION_KEY to ENCRYPTION_KEY after a comma.",
        )
    ]


def check_clock(examined: Examined) -> list[Finding]:
    """Compare the machine's clock with that of PostgreSQL, and with the newest order."""
    if not _is_current(examined):
        return []
    engine = examined.engine()
    with engine.connect() as connection:
        newest = connection.execute(select(func.max(orders.c.created_at))).scalar()
        server = (
            connection.execute(select(func.clock_timestamp())).scalar()
            if engine.dialect.name == "postgresql"
            else None
        )
    advice = "Let the machine's clock be set by NTP, such as: timedatectl set-ntp true"
    if server is not None and abs(server - examined.now) > CLOCK_TOLERANCE:
        return [fault(f"The clock differs from PostgreSQL's by {server - examined.now}.", advice)]
    if newest is not None and newest - examined.now > CLOCK_TOLERANCE:
        return [fault(f"The newest order is from the future: {newest:%Y-%m-%d %H:%M} UTC.", advice)]
    return ok(f"It is {examined.now:%Y-%m-%d %H:%M} UTC.")


def check_backups(examined: Examined) -> list[Finding]:
    """Check that the newest backup in BACKUP_TO is not too old."""
    try:
        state = backup.state(examined.settings, now=examined.now)
    except BackupError as error:
        return [fault(f"BACKUP_TO cannot be read: {error}", "Make it readable, or correct it.")]
    if state.is_late:
        advice = "Look into the log of `serve` for the reason, or run: shortorder backup"
        return [warning(state.sentence, advice)]
    return ok(state.sentence)


def check_file_store(examined: Examined) -> list[Finding]:
    """Write, read, and delete a file."""
    settings, name = examined.settings, f"doctor-{secrets.token_hex(8)}"
    folder = settings.data_dir / "files"
    # It would be created, by a user who may not be the one that runs the service.
    if not settings.file_store and not folder.exists():
        return ok("There are no files yet.")
    store = FileStore(settings.file_store, folder)
    try:
        store.put(name, b"doctor")
        store.get(name)
    except (OrderError, OSError) as error:
        reason = " ".join(str(error.__cause__ or error).split())[:300]
        place = settings.file_store or folder
        advice = "Correct FILE_STORE and the AWS_… variables, or who owns the folder."
        return [fault(f"Files cannot be written to {place}: {reason}", advice)]
    store.discard([name])
    return ok(settings.file_store or "A folder beside the database.")


def check_rate_limits(examined: Examined) -> list[Finding]:
    """Check that the storage of the rate limits can be reached, if it is a server."""
    uri = examined.settings.rate_limit_storage
    if not uri.startswith(("redis", "rediss")):
        return ok(f"Counted in {uri.partition(':')[0]}.")
    advice = "Start Redis, or correct RATE_LIMIT_STORAGE."
    try:
        storage = storage_from_string(uri, socket_connect_timeout=PATIENCE)
        if storage.check():
            return ok(masked("RATE_LIMIT_STORAGE", uri))
    except ConfigurationError:
        advice = "Install its client, which the extra [redis] of the wheel has."
    return [fault(f"{masked('RATE_LIMIT_STORAGE', uri)} cannot be reached.", advice)]


def check_mail(examined: Examined) -> list[Finding]:
    """Connect to the mail server and sign in."""
    settings = examined.settings
    if not mail.is_configured(settings):
        return ok("No mail server is set; links are passed on by people.")
    try:
        mail.check(settings, PATIENCE)
    except mail.MailFailed as error:
        return [fault(str(error), "Correct SMTP_URL, then run: shortorder mail test ADDRESS")]
    if not settings.public_url:
        return [warning("Links are not mailed.", "Set PUBLIC_URL, which they begin with.")]
    return ok("The mail server accepts us.")


def check_address(examined: Examined) -> list[Finding]:
    """Send a request to PUBLIC_URL, and compare how it arrives with the settings."""
    settings = examined.settings
    url = urlsplit(settings.public_url)
    if not settings.public_url:
        if settings.host in LOCAL_HOSTS and not settings.trusted_proxies:
            return ok("Reached on this machine alone; PUBLIC_URL is not set.")
        advice = "Set it to the address that people type, such as https://desk.example.com"
        return [warning("PUBLIC_URL is not set.", advice)]
    found = []
    if url.scheme == "http" and url.hostname not in LOCAL_HOSTS:
        found.append(
            warning(
                "Passwords and orders cross the network unencrypted.",
                "Put a proxy with TLS in front, and let PUBLIC_URL begin with https://",
            )
        )
    try:
        seen = _seen_through_proxies(settings.public_url, examined.secret_key)
    except (OSError, HTTPException, ValueError) as error:
        return [
            *found,
            warning(
                f"{settings.public_url} does not answer as this service does: {error}",
                "Start `serve`; check the name's DNS, the proxy, and that SECRET_KEY is the same.",
            ),
        ]
    return found + (_wrong_proxies(examined, seen) or ok(f"{settings.public_url} answers."))


def _wrong_proxies(examined: Examined, seen: dict[str, str]) -> list[Finding]:
    """Compare what the service has seen of our request with the settings."""
    settings = examined.settings
    chain = [one.strip() for one in seen["forwarded_for"].split(",") if one.strip()]
    proxies = len(chain) - (EXAMPLE_CLIENT in chain)
    if proxies != settings.trusted_proxies:
        meaning = (
            "anyone can pretend to have another address"
            if proxies < settings.trusted_proxies
            else "all people seem to have one address, and share its limits"
        )
        message = (
            f"TRUSTED_PROXIES is {settings.trusted_proxies}, but there are {proxies}: {meaning}."
        )
        return [fault(message, f"Set TRUSTED_PROXIES={proxies}")]
    if urlsplit(seen["address"])[:2] != urlsplit(settings.public_url)[:2]:
        message = f"Requests to {settings.public_url} arrive as {seen['address']}"
        return [fault(message, "Let the proxy set X-Forwarded-Proto and X-Forwarded-Host.")]
    return []


def _seen_through_proxies(public_url: str, secret_key: str) -> dict[str, Any]:
    """Return what the service at this address has seen of a request.

    Raises OSError if it cannot be reached or refuses it, and HTTPException or ValueError if it is
    another one.
    """
    request = urllib.request.Request(  # noqa: S310 - http or https, by the settings
        public_url.rstrip("/") + PATH,
        headers={
            "Authorization": f"Bearer {new_key(secret_key)}",
            "X-Forwarded-For": EXAMPLE_CLIENT,
            "User-Agent": "shortorder-doctor",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
        seen: dict[str, Any] = json.load(answer)
    if not isinstance(seen, dict) or not {"forwarded_for", "address"} <= set(seen):
        raise ValueError("It is another service.")
    return seen


def _is_current(examined: Examined) -> bool:
    return all(one.state is State.OK for one in check_database(examined))
