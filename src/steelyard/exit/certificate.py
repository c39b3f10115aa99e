"""Has the provider been left, going by what is there now?

Nothing that the steps said of themselves is believed: database, blobs and releases are read again, and what
remains is listed with its place. The certificate is signed with the installation's key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from steelyard.domain.errors import Conflict
from steelyard.domain.times import format_time
from steelyard.exit.copies import copies_finding
from steelyard.exit.findings import Finding, database_findings
from steelyard.exit.options import options_of
from steelyard.exit.place import Place
from steelyard.exit.remains import remains_of
from steelyard.exit.successors import release_findings
from steelyard.releases.encoding import canonical, decode64, encode64
from steelyard.releases.signing import SigningKey, key_id, load_or_make_key, raw_bytes
from steelyard.store import tables as t
from steelyard.store.database import Transaction

FORMAT = "urn:steelyard:exit-certificate:1"
BACKUPS = "backups"  # a folder in the data folder where copies are kept


def run(place: Place, leaving: sa.Row) -> dict[str, Any]:
    found = certify(place, leaving)
    place.database.write(
        lambda tx: tx.execute(sa.update(t.exit).where(t.exit.c.id == leaving.id).values(certificate=found))
    )
    failing = [check["name"] for check in found["checks"] if not check["holds"]]
    return {"holds": found["holds"], "failing": failing, "remains": len(found["remains"])}


def certify(place: Place, leaving: sa.Row) -> dict[str, Any]:
    """The certificate of an exit as of now, signed; `holds` is false when any of its checks fails."""
    options = options_of(leaving)

    def look(tx: Transaction) -> tuple[sa.Row, int, list[Finding], list[dict[str, Any]]]:
        provider = tx.execute(sa.select(t.provider).where(t.provider.c.id == leaving.provider_id)).one()
        findings = database_findings(tx, provider, withdrawn=options.withdraws)
        remains = remains_of(tx, place.blobs, place.folder, provider, withdrawn=options.withdraws)
        return provider, tx.now, findings, remains

    provider, now, findings, remains = place.database.read(look)
    releases, more = release_findings(place, provider, withdrawn=options.withdraws and options.rebuild)
    findings += more
    if options.withdraws:
        findings.append(copies_finding(place.folder, provider.id))
    body: dict[str, Any] = {
        "format": FORMAT,
        "exit": leaving.public_id,
        "provider": provider.slug,
        "name": provider.name,
        "ordered_at": format_time(leaving.at),
        "at": format_time(now),
        "options": options.to_json(),
        "holds": all(finding.holds for finding in findings),
        "checks": [finding.to_json() for finding in findings],
        "remains": remains,
        "releases": releases,
        "backups": _backups(place, options.backups),
    }
    return signed(body, load_or_make_key(place.folder))


def kept(exit_row: sa.Row) -> dict[str, Any]:
    """The certificate as it was made when the exit was done. Raises `Conflict` while there is none."""
    if exit_row.certificate is None:
        raise Conflict("the exit has not come to its certificate yet", "not_certified")
    return exit_row.certificate


def _backups(place: Place, named: tuple[str, ...]) -> list[dict[str, str]]:
    """Copies that Steelyard cannot change: those named in the order, and what lies in the folder for them."""
    found = [{"name": name, "why": "named in the order; Steelyard cannot reach it"} for name in named]
    folder = place.folder / BACKUPS
    if folder.is_dir():
        found += [
            {"name": str(path), "why": "made before or during the exit; a backup is never changed"}
            for path in sorted(folder.iterdir())
        ]
    return found


def signed(body: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """The body with its digest (SHA-256 of its canonical JSON) and an Ed25519 signature of that JSON."""
    data = canonical(dict(body))
    signature = {
        "keyid": key.keyid,
        "public_key": encode64(raw_bytes(key.public)),
        "sig": encode64(key.private.sign(data)),
    }
    return {**body, "digest": hashlib.sha256(data).hexdigest(), "signature": signature}


def signature_holds(certificate: Mapping[str, Any], public: Ed25519PublicKey | None = None) -> bool:
    """Was this certificate signed as it stands: by `public`, or else by the key that it names itself?"""
    try:
        body = {k: v for k, v in certificate.items() if k not in ("digest", "signature")}
        data = canonical(body)
        signature = certificate["signature"]
        key = Ed25519PublicKey.from_public_bytes(decode64(signature["public_key"]))
        if public is not None and raw_bytes(public) != raw_bytes(key):
            return False
        key.verify(decode64(signature["sig"]), data)
        return key_id(key) == signature["keyid"] and hashlib.sha256(data).hexdigest() == certificate["digest"]
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
