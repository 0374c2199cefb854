"""Where backups may be kept."""

import re
from pathlib import Path

# The address of a bucket, perhaps with a prefix.
BUCKET = re.compile(r"s3://[^/\s]+(/\S*)?")


def check_backup_place(to: str, file_store: str, data_dir: Path) -> None:
    """Raise ValueError, with the end of a sentence, if backups must not go to `to`.

    `to` and `file_store` are addresses of buckets, or folders; an empty `file_store` means the
    folder in `data_dir`.
    """
    if to.startswith("s3:"):
        if not BUCKET.fullmatch(to):
            raise ValueError("must be a folder, or look like s3://bucket/prefix .")
    elif not Path(to).expanduser().is_absolute():
        raise ValueError("must be an absolute path, or look like s3://bucket/prefix .")
    else:
        to = str(Path(to).expanduser().resolve())
    store = file_store or str((data_dir / "files").resolve())
    # `files sweep` deletes what is no file of the database.
    if f"{to.rstrip('/')}/".startswith(f"{store.rstrip('/')}/"):
        raise ValueError("must not be within the file store.")
