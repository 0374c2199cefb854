"""The data folder: the SQLite file and the secret of a first start, and who may read them."""

import contextlib
import json
import logging
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from orders.environment import BadSetting

_log = logging.getLogger(__name__)


# The file with the keys that a restored backup had.
EARLIER_KEYS = "earlier_keys"


def earlier_keys(data_dir: Path) -> list[str]:
    """Return the keys of the installation whose backup was restored; none without a restore."""
    with contextlib.suppress(FileNotFoundError):
        return [str(one) for one in json.loads((data_dir / EARLIER_KEYS).read_text("utf-8"))]
    return []


class DataFolder:
    """The folder with the SQLite file, unless `url` names another place, the secret and files."""

    def __init__(self, path: Path, url: str) -> None:
        """Take the absolute path of the folder and the SQLAlchemy URL of the database."""
        self.path = path
        # As Flask-SQLAlchemy has it; the name may be absolute.
        name = make_url(url).database if url.startswith("sqlite:") else None
        self.database = None if name is None else path / name
        self.secret_key = path / "secret_key"

    def begin(self, *, may_be_new: bool) -> None:
        """Create the folder and the empty SQLite file of a first start, readable by this user only.

        Does nothing if the database exists or is not SQLite's. Raises BadSetting if something
        cannot be created, or if the database is missing beside something that only an installation
        leaves, unless `may_be_new`: then it was lost, or is in another place.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSetting(
                f"The folder {self.path} cannot be created: {error.strerror}. Let DATA_DIR name"
                " another one."
            ) from error
        file = self.database
        if file is None:
            return
        # Before a look at the file: another process that starts now makes the file first.
        left = [one for one in (*self._beside(), *self._ours()) if one.exists()]
        if file.exists() and (file.stat().st_size or not (set(left) & set(self._beside()))):
            return
        if left and not may_be_new:
            raise BadSetting(
                f"The database {file} is missing, but {left[0]} is there: put the database back,"
                " correct DATA_DIR or DATABASE_URL, or begin with an empty database by"
                " NEW_DATABASE=1."
            )
        try:
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise BadSetting(f"The database {file} cannot be created: {error.strerror}.") from error

    def close_to_others(self) -> None:
        """Let only this user read the database, the secret and the folder of files.

        They may have been put into a folder that others can open, such as by a restored backup.
        SQLite gives its further files the mode of the database. Files of another user are reported.
        """
        for path in self.open_to_others():
            try:
                path.chmod(path.stat().st_mode & 0o700)
            except FileNotFoundError:
                continue
            except OSError as error:
                _log.warning("Others may read %s: %s.", path, error.strerror)

    def open_to_others(self) -> list[Path]:
        """Return those of our files and folders that other users of the machine may open."""
        found = []
        for path in (*self._ours(), *([self.database] if self.database else []), *self._beside()):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if path.stat().st_mode & 0o077:
                    found.append(path)
        return found

    def kept_secret(self) -> str:
        """Return the secret stored in the folder.

        If it is missing, it is created, readable by this user only.
        """
        file = self.secret_key
        if not file.exists():
            # Linked into place as a whole: two processes that start together read the same secret.
            draft = self.path / f".secret_key.{os.getpid()}"
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(secrets.token_urlsafe(32))
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        return file.read_text(encoding="ascii").strip()

    def _ours(self) -> list[Path]:
        return [self.secret_key, self.path / EARLIER_KEYS, self.path / "files"]

    def _beside(self) -> list[Path]:
        file, ends = self.database, ("-wal", "-shm", "-journal", ".writer-lock")
        return [] if file is None else [Path(f"{file}{end}") for end in ends]


def several_hosts(url: str) -> str:
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


def database_url(written: str, data_dir: Path) -> str:
    """Return the SQLAlchemy URL of the database; that of the SQLite file in the data folder for "".

    A `postgres://` URL, which some hosting services hand out, is rewritten to `postgresql://`, and
    several hosts as SQLAlchemy has them.
    """
    if not written:
        return f"sqlite:///{data_dir / 'shortorder.sqlite3'}"
    if written.startswith("postgres://"):
        written = "postgresql" + written.removeprefix("postgres")
    return several_hosts(written)
