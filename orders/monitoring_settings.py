"""The settings of metrics, traces and error reports, as far as they are more than a text."""

import re
from importlib.util import find_spec
from typing import NamedTuple

_LISTEN = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]{1,5})")
# By setting: a module of the package that it needs, and the package.
PACKAGES = {
    "otel_exporter_otlp_endpoint": (
        "opentelemetry.exporter.otlp.proto.http",
        "opentelemetry-exporter-otlp-proto-http",
    ),
    "sentry_dsn": ("sentry_sdk", "sentry-sdk"),
}


class ListenAddress(NamedTuple):
    """Where the metrics are served on a port of their own."""

    host: str
    port: int


def listen_address(text: str) -> ListenAddress:
    """Return what METRICS_LISTEN means: `9100`, which is of this machine alone, or `host:9100`.

    Raises ValueError with a sentence if it means nothing.
    """
    found = _LISTEN.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ValueError("METRICS_LISTEN must look like 9100, 10.0.0.5:9100 or [::1]:9100 .")
    return ListenAddress((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))


def require_package(setting: str) -> None:
    """Raise ValueError with a sentence unless the package that the setting needs is installed."""
    module, package = PACKAGES[setting]
    try:
        is_there = find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        is_there = False
    if not is_there:
        raise ValueError(
            f"{setting.upper()} is set, but {package} is not installed. Install it, such as with"
            " the extra [observability] of the wheel, or unset the variable."
        )
