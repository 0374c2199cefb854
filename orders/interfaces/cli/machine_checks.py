"""Checks of `shortorder doctor`: what is on the machine itself."""

import os
import shutil
from pathlib import Path

from orders.environment import FILE_END, env_file, is_secret
from orders.interfaces.cli.findings import Examined, Finding, fault, ok, warning

# Decimal logarithm of the guesses for a secret; 22 are 22 random letters and digits.
ENOUGH_GUESSES = 21.9
MAX_SECRET = 72  # characters of a secret that are looked at
LITTLE_DISK = 1_000_000_000  # bytes
TOO_LITTLE_DISK = 100_000_000
NEW_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"  # noqa: S105 - a command


def check_data_folder(examined: Examined) -> list[Finding]:
    """Check that the data folder exists and that this user can write to it."""
    path = examined.settings.data_dir
    if not path.exists():
        return [
            warning(
                f"There is no folder {path} yet.",
                "The first start creates it. If there was one, start `shortorder` where it was"
                " started before, or let DATA_DIR name it.",
            )
        ]
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return [fault(f"You cannot write to {path}.", "Run `shortorder` as the user that owns it.")]
    if (owner := path.stat().st_uid) != os.geteuid():
        return [
            warning(
                f"{path} belongs to another user (UID {owner}).",
                "Run commands as that user, so that all files that they create are that user's.",
            )
        ]
    return ok(f"{path}")


def check_modes(examined: Examined) -> list[Finding]:
    """Check that other users of the machine can read neither the data nor files of secrets."""
    found = [*examined.folder.open_to_others()]
    if examined.settings.data_dir.is_dir() and examined.settings.data_dir.stat().st_mode & 0o022:
        found.append(examined.settings.data_dir)
    secret_files = [
        Path(value)
        for name, value in examined.environment.items()
        if name.endswith(FILE_END) and is_secret(name.removesuffix(FILE_END)) and value
    ]
    env = env_file(examined.environment)
    with_secrets = [*secret_files, *([env] if env else [])]
    found += [one for one in with_secrets if one.is_file() and one.stat().st_mode & 0o007]
    return [
        fault(f"Other users of this machine may open {file}.", f"Run: chmod go-rwx {file}")
        for file in found
    ] or ok("Other users of this machine can open nothing.")


def check_secrets(examined: Examined) -> list[Finding]:
    """Check that no secret in the settings can be guessed."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists take long to load

    settings = examined.settings
    secrets = {
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEY": settings.encryption_keys[0] if settings.encryption_key else "",
        "SETUP_TOKEN": settings.setup_token,
        "METRICS_TOKEN": settings.metrics_token,
    }
    return [
        fault(f"{name} can be guessed.", f"Set a random one, made by: {NEW_SECRET}")
        for name, secret in secrets.items()
        if secret and zxcvbn(secret[:MAX_SECRET])["guesses_log10"] < ENOUGH_GUESSES
    ] or ok("The secrets in the settings cannot be guessed.")


def check_disk(examined: Examined) -> list[Finding]:
    """Check the free space where the data is."""
    path = examined.settings.data_dir
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    message = f"{free / 1e9:.1f} GB are free on the disk of {path}."
    if free < TOO_LITTLE_DISK:
        return [fault(message, "Free some space: orders are refused once the disk is full.")]
    if free < LITTLE_DISK:
        return [warning(message, "Free some space before orders have to be refused.")]
    return ok(message)
