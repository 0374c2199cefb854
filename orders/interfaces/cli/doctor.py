"""`shortorder doctor`: finds what is wrong around the service, and says what to do.

Each check is a function of CHECKS, which returns its findings. They need no application, so that
the command also works where the service cannot start, and create no database.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, MutableMapping
from datetime import UTC, datetime

import click

from orders import __version__
from orders.environment import BadSetting, load_env_file
from orders.interfaces.cli import machine_checks, service_checks
from orders.interfaces.cli.config import misspelled
from orders.interfaces.cli.findings import Examined, Finding, State, fault, ok, warning
from orders.interfaces.cli.output import is_for_people
from orders.settings import parse_settings

# A check that has nothing to look at, such as the clock's without a database, finds nothing.
CHECKS: dict[str, Callable[[Examined], list[Finding]]] = {
    "data folder": machine_checks.check_data_folder,
    "file modes": machine_checks.check_modes,
    "secrets": machine_checks.check_secrets,
    "disk": machine_checks.check_disk,
    "database": service_checks.check_database,
    "replica": service_checks.check_replica,
    "encryption": service_checks.check_encryption,
    "clock": service_checks.check_clock,
    "file store": service_checks.check_file_store,
    "backups": service_checks.check_backups,
    "rate limits": service_checks.check_rate_limits,
    "mail": service_checks.check_mail,
    "address": service_checks.check_address,
}
COLORS = {State.OK: "green", State.WARNING: "yellow", State.FAULT: "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Find what is wrong with the installation, and say what to do; exit with 1 for a fault."""
    found = list(examine(os.environ))
    faults = sum(one.state is State.FAULT for _, one in found)
    if is_for_people(as_json=as_json):
        _show(found)
    else:
        checks = [{"check": check, **one._asdict()} for check, one in found]
        click.echo(json.dumps({"version": __version__, "faults": faults, "checks": checks}))
    sys.exit(1 if faults else 0)


def examine(
    environment: MutableMapping[str, str], now: datetime | None = None
) -> Iterator[tuple[str, Finding]]:
    """Add the env file to the environment, and yield all findings with their checks' names."""
    try:
        load_env_file(environment)
        settings = parse_settings(environment)
    except BadSetting as error:
        yield "settings", fault(str(error), "Correct it; the other checks need it.")
        return
    for name, meant in misspelled(environment).items():
        yield "settings", warning(f"{name} is not a setting.", f"Did you mean {meant}?")
    yield from (("settings", one) for one in ok("All settings can be used."))
    examined = Examined(settings, environment, now or datetime.now(UTC))
    for name, check in CHECKS.items():
        try:
            yield from ((name, one) for one in check(examined))
        except OSError as error:  # such as a folder that only another user may open
            yield name, fault(str(error), "Call `shortorder` as the user that runs the service.")


def _show(found: list[tuple[str, Finding]]) -> None:
    for check, one in found:
        state = click.style(f"{one.state:<8}", fg=COLORS[one.state], bold=True)
        click.echo(f"{state} {check:<12} {one.message}")
        if one.advice:
            click.echo(f"{'':<21} {one.advice}")
