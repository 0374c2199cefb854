"""Encryption with a passphrase: other programs read it, and nothing changed is decrypted."""

import io
import os

import pyrage
import pytest

from orders.storage import age
from orders.storage.age import EncryptedReader, EncryptedWriter, NotDecrypted

PASSPHRASE = "Schöne Grüße, 7 Stühle"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "COST", 8)


def encrypted(content: bytes, step: int = 100_000) -> bytes:
    file = io.BytesIO()
    writer = EncryptedWriter(file, PASSPHRASE)
    for start in range(0, len(content), step):
        writer.write(content[start : start + step])
    writer.finish()
    return file.getvalue()


def decrypted(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = EncryptedReader(io.BytesIO(content), passphrase)
    return b"".join(iter(lambda: reader.read(50_000), b""))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
def test_what_is_encrypted_is_read_here_and_by_another_implementation(size: int) -> None:
    content = os.urandom(size)
    file = encrypted(content)
    assert decrypted(file) == content
    assert pyrage.passphrase.decrypt(file, PASSPHRASE) == content


@pytest.mark.soak
def test_a_file_of_another_implementation_is_read() -> None:
    content = os.urandom(200_000)
    assert decrypted(pyrage.passphrase.encrypt(content, PASSPHRASE)) == content


def test_no_changed_or_shortened_file_is_decrypted() -> None:
    file = encrypted(os.urandom(140_000))
    header = file.index(b"\n---") + 60
    places = [*range(header), *range(header, len(file), 4_999), len(file) - 1]
    for place in places:
        changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
        with pytest.raises(NotDecrypted):
            decrypted(changed)
    # Also at the ends of pieces.
    ends = [len(file) - 1, *(len(file) - 140_000 % 65_536 - 16 - n for n in (0, 65_552))]
    for length in [*range(0, header, 7), *ends]:
        with pytest.raises(NotDecrypted):
            decrypted(file[:length])
    with pytest.raises(NotDecrypted):
        decrypted(file + b"more")


def test_another_passphrase_is_refused_and_so_is_a_header_that_asks_for_all_memory() -> None:
    file = encrypted(b"secret")
    with pytest.raises(NotDecrypted, match="passphrase is wrong"):
        decrypted(file, PASSPHRASE + " ")
    with pytest.raises(NotDecrypted, match="damaged"):
        decrypted(file.replace(b" 8\n", b" 30\n", 1))
