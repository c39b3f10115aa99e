"""What does the log say of itself, in a form that anyone can check? Signed notes and checkpoints.

C2SP signed-note and tlog-checkpoint, with Ed25519. A note is read strictly: one text has one form, so no byte
of it can be changed and still be taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "\u2014"
_LONGEST = 100_000
_MOST_SIGNATURES = 100


class BadNote(ValueError):
    """This is no note, or not one of the log and key that were asked for."""


@dataclass(frozen=True)
class Signer:
    """The name under which somebody signs, and the key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.private.public_key())


@dataclass(frozen=True)
class Verifier:
    """Who is believed: a name and a public key."""

    name: str
    public: Ed25519PublicKey

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise BadNote("a signer's name is not empty and has neither space nor +")

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self._raw).digest()[:4]

    @property
    def _raw(self) -> bytes:
        return self.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def __str__(self) -> str:
        """As others' tools take it: name+id+key."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self._raw)}"


@dataclass(frozen=True)
class Checkpoint:
    """How long the log of this origin is, and its root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), _base64(self.root), *self.extensions)
        )


def parse_verifier(text: str) -> Verifier:
    """A verifier from its text. Raises `BadNote`."""
    name, _, rest = text.strip().partition("+")
    key_id, _, key = rest.partition("+")
    raw = _bytes(key)
    if raw[:1] != _ED25519 or len(raw) != 33:
        raise BadNote("the key is not an Ed25519 one")
    found = Verifier(name, Ed25519PublicKey.from_public_bytes(raw[1:]))
    if found.key_id.hex() != key_id:
        raise BadNote("the key does not fit its id")
    return found


def sign(text: str, *signers: Signer) -> bytes:
    """The text as a note that these have signed."""
    _check_text(text)
    lines = []
    for signer in signers:
        signature = signer.private.sign(text.encode())
        lines.append(f"{_DASH} {signer.name} {_base64(signer.verifier.key_id + signature)}\n")
    return (text + "\n" + "".join(lines)).encode()


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> tuple[str, list[Verifier]]:
    """(text, those of `verifiers` who have signed it). Raises `BadNote` where the note is malformed, none of
    them has, or the signature of one of them is false."""
    if len(data) > _LONGEST:
        raise BadNote(f"is longer than {_LONGEST} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise BadNote("is not UTF-8") from None
    text, blank, signatures = whole.rpartition("\n\n")
    text += "\n"
    if not blank or not signatures.endswith("\n"):
        raise BadNote("has no signatures")
    _check_text(text)
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise BadNote(f"has more than {_MOST_SIGNATURES} signatures")
    known = {(v.name, v.key_id): v for v in verifiers}
    signed: list[Verifier] = []
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, _, coded = rest.partition(" ")
        raw = _bytes(coded)
        if dash != _DASH or not name or len(raw) < 5:
            raise BadNote("has a line that is no signature")
        verifier = known.get((name, raw[:4]))
        if verifier is None:
            continue
        if verifier in signed:
            raise BadNote(f"is signed twice by {name}")
        try:
            verifier.public.verify(raw[4:], text.encode())
        except InvalidSignature:
            raise BadNote(f"the signature of {name} is false") from None
        signed.append(verifier)
    if not signed:
        raise BadNote("nobody who was asked for has signed it")
    return text, signed


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from a note's text. Raises `BadNote`."""
    origin, *rest = text.removesuffix("\n").split("\n")
    if len(rest) < 2 or not origin or not all(rest):
        raise BadNote("is no checkpoint")
    size, root = rest[:2]
    if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0") or len(size) > 18:
        raise BadNote("has no size")
    found = Checkpoint(origin, int(size), _bytes(root), tuple(rest[2:]))
    if len(found.root) != 32 or found.text() != text:
        raise BadNote("has no root")
    return found


def open_checkpoint(data: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint that this one has signed, of the log of its name. Raises `BadNote`."""
    found = parse_checkpoint(open_note(data, [verifier])[0])
    if found.origin != verifier.name:
        raise BadNote(f"is of the log {found.origin}, not of {verifier.name}")
    return found


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in text):
        raise BadNote("a note's text ends with a line feed and has no other control character")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(coded: str) -> bytes:
    try:
        data = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("holds something that is not base64") from None
    if _base64(data) != coded:  # one that a lenient reader would take
        raise BadNote("holds base64 that is not canonical")
    return data
