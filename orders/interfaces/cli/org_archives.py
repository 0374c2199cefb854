"""The commands `export org` and `import org`: an org from one installation to another."""

from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from orders import __version__
from orders.interfaces.cli.backup import (
    archive_facts,
    file_store,
    knows_schema,
    new_passphrase,
    passphrase_for,
)
from orders.interfaces.cli.exports import replacing
from orders.interfaces.cli.org_option import for_org
from orders.interfaces.cli.output import Row, prints
from orders.interfaces.cli.progress import progress_bars
from orders.interfaces.cli.upgrade import upgrade_file
from orders.interfaces.http.current_settings import current_settings
from orders.services.org_archive import export_org, import_org


@click.command("org")
@click.option(
    "--to", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", required=True
)
@with_appcontext
@prints("Exported the org with {orders} orders and {files} files to {file}.")
@for_org
def export_org_command(org_id: str, file: Path) -> dict[str, Any]:
    """Export an org with all that belongs to it, as `import org` reads it.

    The archive is encrypted with BACKUP_PASSPHRASE, or with a passphrase for which it asks.
    """
    settings = current_settings()
    passphrase = new_passphrase(settings)
    with progress_bars() as begin, replacing(file) as draft:
        made = export_org(
            org_id, draft, passphrase, settings.data_dir, file_store(), __version__,
            upgrade=upgrade_file, progress=begin,
        )  # fmt: skip
    return {"org": org_id, "file": str(file), **archive_facts(made)}


def _sentence(done: Row) -> str:
    said = "Imported {name} with {orders} orders and {files} files."
    if done["webhooks"]:
        said += " Its webhooks are off: turn them on once the other installation sends no more."
    return said


@click.command("org")
@click.argument("file")
@with_appcontext
@prints(_sentence)
def import_org_command(file: str) -> dict[str, Any]:
    """Import an org from an archive of `export org`, beside those that are here.

    FILE is a file or s3://bucket/prefix/name.
    """
    settings = current_settings()
    passphrase = passphrase_for(file, settings)
    with progress_bars() as begin:
        done = import_org(
            file, passphrase, settings.data_dir, file_store(),
            knows=knows_schema, upgrade=upgrade_file, progress=begin,
        )  # fmt: skip
    facts = archive_facts(done.manifest)
    return {"org": done.id, "name": done.name, "webhooks": done.webhooks, **facts}
