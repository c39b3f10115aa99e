"""Is a note believed for exactly what was signed, by whom it was signed?"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from steelyard.ledger.note import (
    BadNote,
    Checkpoint,
    Signer,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_verifier,
    sign,
)

OWN = Signer("steelyard/one", Ed25519PrivateKey.from_private_bytes(bytes(32)))
OTHER = Signer("witness", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
POINT = Checkpoint("steelyard/one", 700, bytes(range(32)))
NOTE = sign(POINT.text(), OWN)


def test_a_checkpoint_comes_back_from_its_note() -> None:
    assert open_checkpoint(NOTE, OWN.verifier) == POINT
    assert NOTE.decode().startswith(
        "steelyard/one\n700\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\u2014 "
    )


def test_no_byte_of_it_can_be_another() -> None:
    for at in range(len(NOTE)):
        for bit in (1, 32, 128):
            changed = bytearray(NOTE)
            changed[at] ^= bit
            with pytest.raises(BadNote):
                open_checkpoint(bytes(changed), OWN.verifier)


@pytest.mark.parametrize(
    "changed", [NOTE[:-1], NOTE + b"\n", b"\n" + NOTE, NOTE.replace(b"\n\n", b"\n"), b"", b"\n\n", NOTE[:40]]
)
def test_nothing_can_be_added_or_left_out(changed: bytes) -> None:
    with pytest.raises(BadNote):
        open_checkpoint(changed, OWN.verifier)


def test_others_may_sign_beside_and_are_looked_at_when_asked_for() -> None:
    both = sign(POINT.text(), OTHER, OWN)
    assert open_checkpoint(both, OWN.verifier) == POINT
    assert open_note(both, [OWN.verifier, OTHER.verifier])[1] == [OTHER.verifier, OWN.verifier]
    with pytest.raises(BadNote, match="nobody"):
        open_note(sign(POINT.text(), OTHER), [OWN.verifier])
    with pytest.raises(BadNote, match="of the log steelyard/one"):
        open_checkpoint(both, OTHER.verifier)


def test_one_name_with_another_key_is_another_signer() -> None:
    false = Signer(OWN.name, OTHER.private)
    with pytest.raises(BadNote, match="nobody"):
        open_checkpoint(sign(POINT.text(), false), OWN.verifier)
    with pytest.raises(BadNote, match="twice"):
        open_note(sign(POINT.text(), OWN, OWN), [OWN.verifier])


def test_a_verifier_is_told_as_one_line_and_read_back() -> None:
    told = str(OWN.verifier)
    assert parse_verifier(told) == OWN.verifier
    for wrong in (told[:-4], told.replace("+", "-", 1), "a b" + told[13:], told.replace("one", "two")):
        with pytest.raises(BadNote):
            parse_verifier(wrong)


@pytest.mark.parametrize("size", ["-1", "007", "1e3", "", "\u0661", "9" * 19])
def test_a_size_is_a_plain_number(size: str) -> None:
    with pytest.raises(BadNote):
        parse_checkpoint(f"steelyard/one\n{size}\n{'A' * 43}=\n")
