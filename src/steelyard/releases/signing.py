"""Who says that this release is theirs? The installation's key does, and nobody else can.

The private key is made once, readable by its owner alone, and never leaves its file but to sign.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from steelyard.domain.errors import SteelyardError

PRIVATE = "release-ed25519.pem"
PUBLIC = "release-ed25519.pub.pem"
SECRET = "pseudonyms.secret"
_LONGEST_KEY_FILE = 10_000


class UnusableKey(SteelyardError):
    """A file that should hold an Ed25519 key does not."""

    code = "unusable_key"


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key pair; printing it shows the public half alone."""

    keyid: str
    public: Ed25519PublicKey
    private: Ed25519PrivateKey = field(repr=False)


def key_id(public: Ed25519PublicKey) -> str:
    """The fingerprint of a key: lower-case hex SHA-256 of its SubjectPublicKeyInfo (DER)."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def raw_bytes(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def load_or_make_key(folder: Path) -> SigningKey:
    """The key in `folder`/keys, made when there is none; the public half is kept beside it.

    Two processes that make it at the same time end with the same one. Raises `UnusableKey`.
    """
    keys = Path(folder) / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = keys / PRIVATE
    if not path.exists():
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write_once(path, pem, 0o600)
    key = _load(path)
    if not (keys / PUBLIC).exists():
        pem = key.public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write_once(keys / PUBLIC, pem, 0o644)
    return key


def load_or_make_secret(folder: Path) -> bytes:
    """The 32 bytes in `folder`/keys that pseudonyms are made with, drawn when there are none. Whoever loses them
    can make no release in which annotators have the pseudonyms of the one before. Raises `UnusableKey`."""
    path = Path(folder) / "keys" / SECRET
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, secrets.token_hex(32).encode(), 0o600)
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise UnusableKey(f"{path} does not hold 64 hexadecimal digits")
    return secret


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file (SubjectPublicKeyInfo). Raises `UnusableKey`, OSError."""
    with Path(path).open("rb") as file:
        data = file.read(_LONGEST_KEY_FILE)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError) as wrong:
        raise UnusableKey(f"{path} holds no public key in PEM") from wrong
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey(f"{path} holds a public key, but not an Ed25519 one")
    return key


def _load(path: Path) -> SigningKey:
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise UnusableKey(f"{path} holds no private key in PEM") from None  # the cause may show parts of it
    if not isinstance(private, Ed25519PrivateKey):
        raise UnusableKey(f"{path} holds a private key, but not an Ed25519 one")
    public = private.public_key()
    return SigningKey(key_id(public), public, private)


def _write_once(path: Path, data: bytes, mode: int) -> None:
    """The file is wholly there or not at all, and whoever was first has written it."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
