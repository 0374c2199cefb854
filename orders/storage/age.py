"""Files encrypted with a passphrase in the format of age (https://c2sp.org/age), as a stream.

Other programs read them, too: `age --decrypt FILE`. The key is derived by scrypt; the content is
encrypted with ChaCha20-Poly1305 in pieces of 64 KiB, each authenticated together with its position
and with whether it is the last one. So a file that was changed or cut off is not decrypted.
"""

import base64
import hmac
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

INTRODUCTION = b"age-encryption.org/v1\n"
LABEL = b"age-encryption.org/v1/scrypt"
# Of two, the exponent of scrypt's cost: 128 MB of memory and half a second.
COST = 17
# A file that asks for more is refused, because reading it could exhaust the memory.
MOST_COST = 20
PIECE = 65_536  # bytes of content that are encrypted together
TAG = 16  # bytes that authenticate a piece
LONGEST_LINE = 200  # bytes of a line of the header; ours have up to 44


class NotDecrypted(Exception):  # noqa: N818 - named as our other errors
    """The passphrase is wrong, or the file was changed, cut off, or is none of age's."""


class EncryptedWriter:
    """Encrypts what is written to it into `file`; the end must be marked by `finish`."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        """Write the header with a new random key. This takes half a second and 128 MB."""
        file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
        wrapped = _wrapping(passphrase, salt, COST).encrypt(bytes(12), file_key, None)
        stanza = b"-> scrypt %s %d\n%s\n" % (_encode(salt), COST, _encode(wrapped))
        header = INTRODUCTION + stanza + b"---"
        file.write(header + b" " + _encode(_mac(file_key, header)) + b"\n" + nonce)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        self._waiting = bytearray()
        self._count = 0

    def write(self, content: bytes) -> int:
        """Add content; up to 64 KiB of it wait for the next call."""
        self._waiting += content
        # The last piece is marked as such, so a full one waits until there is more.
        while len(self._waiting) > PIECE:
            self._encrypt(is_last=False)
        return len(content)

    def flush(self) -> None:
        """Do nothing: a piece is written when it is full."""

    def finish(self) -> None:
        """Write the last piece; nothing can be added afterwards."""
        self._encrypt(is_last=True)

    def _encrypt(self, *, is_last: bool) -> None:
        piece = bytes(self._waiting[:PIECE])
        del self._waiting[:PIECE]
        self._file.write(self._cipher.encrypt(_nonce(self._count, is_last), piece, None))
        self._count += 1


class EncryptedReader:
    """Decrypts a file of age; raises NotDecrypted at the first piece that is not authentic."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        """Read the header. Raises NotDecrypted, also for a wrong passphrase."""
        lines = [_line(file) for _ in range(4)]
        introduction, stanza, wrapped, last = lines
        parts = stanza.split()
        if introduction != INTRODUCTION or parts[:2] != [b"->", b"scrypt"] or len(parts) != 4:
            raise NotDecrypted("It is not encrypted with a passphrase in the format of age.")
        cost = int(parts[3]) if parts[3].isdigit() and len(parts[3]) < 3 else MOST_COST + 1
        if not 1 <= cost <= MOST_COST:
            raise NotDecrypted("Its header is damaged.")
        wrapping = _wrapping(passphrase, _decode(parts[2]), cost)
        try:
            file_key = wrapping.decrypt(bytes(12), _decode(wrapped.strip()), None)
        except (InvalidTag, ValueError):
            raise NotDecrypted("The passphrase is wrong, or the header was changed.") from None
        header = b"".join(lines[:3]) + b"---"
        expected = header[len(header) - 3 :] + b" " + _encode(_mac(file_key, header)) + b"\n"
        if not hmac.compare_digest(last, expected):
            raise NotDecrypted("The header was changed.")
        nonce = file.read(16)
        self._file = file
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        self._count = 0
        self._next = _read(file, PIECE + TAG)
        self._plain = b""
        self._is_done = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, fewer only at the end. Raises NotDecrypted."""
        parts = []
        while size > 0 and (self._plain or not self._is_done):
            if not self._plain:
                self._plain = self._decrypt()
            parts.append(self._plain[:size])
            self._plain = self._plain[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def _decrypt(self) -> bytes:
        piece, self._next = self._next, _read(self._file, PIECE + TAG)
        self._is_done = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._count, self._is_done), piece, None)
        except InvalidTag:
            raise NotDecrypted("It was changed or cut off.") from None
        self._count += 1
        return plain


def is_encrypted(beginning: bytes) -> bool:
    """Return whether a file with these first bytes, 22 or more, is one of age."""
    return beginning.startswith(INTRODUCTION)


def _wrapping(passphrase: str, salt: bytes, cost: int) -> ChaCha20Poly1305:
    scrypt = Scrypt(salt=LABEL + salt, length=32, n=2**cost, r=8, p=1)
    return ChaCha20Poly1305(scrypt.derive(passphrase.encode()))


def _derive(file_key: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=purpose).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derive(file_key, b"", b"header"), header, "sha256")


def _nonce(count: int, is_last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([is_last])


def _encode(value: bytes) -> bytes:
    return base64.b64encode(value).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise NotDecrypted("Its header is damaged.") from None


def _line(file: BinaryIO) -> bytes:
    """Return the next line of the header with its line break."""
    line = b""
    while not line.endswith(b"\n") and len(line) < LONGEST_LINE:
        found = file.read(1)
        if not found:
            break
        line += found
    return line


def _read(file: BinaryIO, size: int) -> bytes:
    """Return exactly `size` bytes, fewer only at the end of the file."""
    parts = []
    while size and (found := file.read(size)):
        parts.append(bytes(found))
        size -= len(found)
    return b"".join(parts)
