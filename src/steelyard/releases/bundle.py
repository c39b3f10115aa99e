"""Is this exactly what was signed, and by which key?

A DSSE envelope around an in-toto Statement v1 whose subjects are the manifest and every file that it lists.
The statement is not believed: it is made anew from the manifest and compared byte for byte.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # pyright: ignore[reportPrivateImportUsage]

from steelyard.releases.encoding import NotCanonical, canonical, decode64, encode64, read_canonical
from steelyard.releases.layout import FORMAT, MANIFEST
from steelyard.releases.signing import SigningKey, key_id, raw_bytes

MEDIA_TYPE = "application/vnd.steelyard.release-bundle+json; version=1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:steelyard:release:1"


class BadBundle(ValueError):
    """The signature bundle does not vouch for this release; the message completes "bundle.json ..."."""


def statement(manifest: dict[str, Any], manifest_bytes: bytes) -> bytes:
    """What is signed, in its one spelling."""
    subjects = [{"name": MANIFEST, "digest": {"sha256": hashlib.sha256(manifest_bytes).hexdigest()}}]
    subjects += [{"name": f["path"], "digest": {"sha256": f["sha256"]}} for f in manifest["files"]]
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "format": FORMAT,
                "project": manifest["project"]["slug"],
                "version": manifest["version"],
            },
            "subject": subjects,
        }
    )


def sign(manifest: dict[str, Any], manifest_bytes: bytes, key: SigningKey) -> bytes:
    """The bundle, canonical JSON."""
    envelope = Envelope(statement(manifest, manifest_bytes), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key.private, SSlibKey.from_crypto(key.public, keyid=key.keyid)))
    return canonical(
        {
            "mediaType": MEDIA_TYPE,
            "publicKey": {"keyid": key.keyid, "raw": encode64(raw_bytes(key.public))},
            "dsseEnvelope": envelope.to_dict(),
        }
    )


def check(manifest: dict[str, Any], manifest_bytes: bytes, bundle_bytes: bytes) -> Ed25519PublicKey:
    """The key that signed this manifest. Raises `BadBundle` for any byte that could have been another."""
    try:
        bundle = read_canonical(bundle_bytes)
    except NotCanonical as wrong:
        raise BadBundle(str(wrong)) from None
    public, envelope = _taken_apart(bundle)
    if envelope.payload != statement(manifest, manifest_bytes):
        raise BadBundle("is the signature of another release: its statement is not about this manifest")
    signature = next(iter(envelope.signatures.values()))
    try:
        public.verify(bytes.fromhex(signature.signature), envelope.pae())
    except InvalidSignature:
        raise BadBundle("has a signature that its key did not make") from None
    return public


def _taken_apart(bundle: Any) -> tuple[Ed25519PublicKey, Envelope]:
    try:
        _only(bundle, {"mediaType", "publicKey", "dsseEnvelope"})
        if bundle["mediaType"] != MEDIA_TYPE:
            raise BadBundle(f"is of another media type than {MEDIA_TYPE!r}")
        _only(bundle["publicKey"], {"keyid", "raw"})
        raw = decode64(bundle["publicKey"]["raw"])
        public = Ed25519PublicKey.from_public_bytes(raw)
        dsse = bundle["dsseEnvelope"]
        _only(dsse, {"payload", "payloadType", "signatures"})
        if dsse["payloadType"] != PAYLOAD_TYPE:
            raise BadBundle(f"has another payload type than {PAYLOAD_TYPE!r}")
        if not isinstance(dsse["signatures"], list) or len(dsse["signatures"]) != 1:
            raise BadBundle("must have exactly one signature")
        _only(dsse["signatures"][0], {"keyid", "sig"})
        decode64(dsse["payload"])
        decode64(dsse["signatures"][0]["sig"])
        keyid = key_id(public)
        if not keyid == bundle["publicKey"]["keyid"] == dsse["signatures"][0]["keyid"]:
            raise BadBundle("names a key id that is not its key's fingerprint")
        return public, Envelope.from_dict(dsse)
    except NotCanonical as wrong:
        raise BadBundle(f"holds something that {wrong}") from None
    except BadBundle:
        raise
    except (ValueError, KeyError, TypeError) as wrong:
        raise BadBundle(f"does not have the shape of a bundle: {str(wrong)[:200]}") from None


def _only(value: Any, keys: set[str]) -> None:
    if not isinstance(value, dict) or set(value) != keys:
        raise BadBundle(f"must have an object with exactly {', '.join(sorted(keys))}")
