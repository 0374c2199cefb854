"""A small disk that can become full, and files that cannot be written."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MKFS = "/usr/sbin/mkfs.ext4"
SIZE = 8 * 1024**3  # bytes; only what is written takes room
BLOCK = 4096  # bytes
FILE_BYTES = 1_000  # of a file, where a limit of the processes replaces the disk


class Disk:
    """The folder of a database. With the right to mount, it is a file system of its own.

    Without, a full disk is imitated: processes may not write beyond the first bytes of a file.
    """

    def __init__(self, folder: Path, *, is_mounted: bool) -> None:
        self.folder, self.is_mounted = folder, is_mounted

    @contextmanager
    def full(self, processes: Callable[[], Sequence[int]]) -> Iterator[None]:
        """Have no room until the block ends; `processes` are those that write to the disk."""
        if not self.is_mounted:
            with limited(processes, resource.RLIMIT_FSIZE, lambda _: FILE_BYTES):
                yield
            return
        ballast = self.folder / "ballast"
        with ballast.open("wb") as file:
            piece = SIZE
            while piece >= BLOCK:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), piece)
                except OSError:
                    piece //= 2
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self, files: Sequence[Path]) -> Iterator[None]:
        """Refuse all writes to the files until the block ends, also by who has them open.

        To mount the disk again as a read-only one is impossible while files on it are written.
        """
        subprocess.run(["/usr/bin/chattr", "+i", *files], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run(["/usr/bin/chattr", "-i", *files], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Provide an empty folder, as a file system of its own where that is allowed."""
    folder.mkdir()
    image = folder.with_suffix(".image")
    is_mounted = os.geteuid() == 0 and Path(MKFS).exists()
    if is_mounted:
        with image.open("wb") as file:
            file.truncate(SIZE)
        subprocess.run([MKFS, "-q", "-m", "0", image], check=True)
        done = subprocess.run(["/usr/bin/mount", "-o", "loop", image, folder], check=False)
        is_mounted = done.returncode == 0
    try:
        yield Disk(folder, is_mounted=is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["/usr/bin/umount", "--lazy", folder], check=True)
        image.unlink(missing_ok=True)


@contextmanager
def limited(
    processes: Callable[[], Sequence[int]], what: int, limit_of: Callable[[int], int]
) -> Iterator[None]:
    """Lower a limit of running processes until the block ends, to `limit_of` their ID.

    `processes` are asked for once more at the end, because those that have begun meanwhile have
    inherited the limit.
    """
    before = resource.getrlimit(what)

    def limit(most: Callable[[int], int]) -> None:
        for pid in processes():
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                resource.prlimit(pid, what, (most(pid), before[1]))

    limit(limit_of)
    try:
        yield
    finally:
        limit(lambda _: before[0])
