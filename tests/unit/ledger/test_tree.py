"""Is the tree that of RFC 6962, and does a proof hold for nothing but what it proves?"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.ledger import tree
from steelyard.ledger.tiles import HASH_BYTES, Damaged, entries_of, grown, paths, subtree, tile_path
from steelyard.ledger.tree import consistency, extends, includes, inclusion, leaf_hash, node_hash, root

ENTRIES = [f"entry {i}".encode() for i in range(700)]


def by_definition(entries: list[bytes]) -> bytes:
    """The hash of RFC 6962, section 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    half = 1
    while half * 2 < len(entries):
        half *= 2
    return node_hash(by_definition(entries[:half]), by_definition(entries[half:]))


def log(size: int, step: int = 1000) -> dict[str, bytes]:
    """The files of a log that grew by so many entries at a time."""
    files: dict[str, bytes] = {}
    for at in range(0, size, step):
        files.update(grown(files.__getitem__, at, ENTRIES[at : min(at + step, size)]))
    return files


FILES = log(700)
READ = log(700, step=1).__getitem__  # with the files of every size on the way


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 511, 512, 513, 700])
def test_the_root_is_that_of_the_standard(size: int) -> None:
    assert root(subtree(READ, size), size) == by_definition(ENTRIES[:size])


@pytest.mark.parametrize("step", [1, 7, 255, 256, 300])
def test_files_are_the_same_in_however_many_steps_the_log_grew(step: int) -> None:
    files = log(700, step)
    assert {path: files[path] for path in paths(700)} == {path: FILES[path] for path in paths(700)}


def test_a_full_file_never_changes_and_others_name_their_width() -> None:
    assert set(log(256)) == {"tile/entries/000", "tile/0/000", "tile/1/000.p/1"}
    assert {path: data for path, data in log(700, 100).items() if ".p/" not in path}.items() <= FILES.items()
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(2, 0, 5) == "tile/2/000.p/5"


SIZES = st.integers(1, 700)


@given(st.data(), SIZES)
def test_each_leaf_is_proven_and_at_no_other_place(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    whole = subtree(READ, size)
    top, proof = root(whole, size), inclusion(whole, index, size)
    leaf = leaf_hash(ENTRIES[index])
    assert includes(leaf, index, size, proof, top)
    other = data.draw(st.integers(0, size - 1))
    assert includes(leaf, other, size, proof, top) == (other == index)
    assert not includes(leaf_hash(b"another"), index, size, proof, top)
    assert not includes(leaf, index, size, [*proof, top], top)
    for at in range(len(proof)):
        assert not includes(leaf, index, size, [*proof[:at], bytes(HASH_BYTES), *proof[at + 1 :]], top)
        assert not includes(leaf, index, size, proof[:at] + proof[at + 1 :], top)


@given(SIZES, SIZES)
def test_growth_is_proven_and_no_other_history(one: int, other: int) -> None:
    old, new = sorted((one, other))
    whole = subtree(READ, new)
    before, after = by_definition(ENTRIES[:old]), root(whole, new)
    proof = consistency(whole, old, new)
    assert extends(old, before, new, after, proof)
    assert not extends(old, hashlib.sha256(b"x").digest(), new, after, proof)
    assert not extends(old, before, new, hashlib.sha256(b"x").digest(), proof)
    assert not extends(old, before, new, after, [*proof, before])
    if old < new:
        assert not extends(old - 1, before, new, after, proof) or old == 1
    for at in range(len(proof)):
        assert not extends(old, before, new, after, [*proof[:at], bytes(HASH_BYTES), *proof[at + 1 :]])


def test_what_is_outside_of_the_tree_has_no_proof() -> None:
    whole = subtree(READ, 700)
    for wrong in (-1, 700):
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion(whole, wrong, 700)
        assert not includes(leaf_hash(ENTRIES[0]), wrong, 700, [], root(whole, 700))
    with pytest.raises(ValueError, match="does not begin"):
        consistency(whole, 701, 700)
    assert extends(0, tree.EMPTY, 700, root(whole, 700), [])
    assert not extends(701, root(whole, 700), 700, root(whole, 700), [])


def test_entries_come_back_as_they_were_written() -> None:
    found = [entry for path in paths(700) if "entries" in path for entry in entries_of(path, FILES[path])]
    assert found == ENTRIES
    with pytest.raises(Damaged, match="within an entry"):
        entries_of("tile/entries/000", FILES["tile/entries/000"][:-1])
    with pytest.raises(ValueError, match="at most"):
        grown(READ, 0, [bytes(1 << 16)])


def test_a_tile_of_another_length_is_told_by_its_path() -> None:
    short = {**FILES, "tile/0/001": FILES["tile/0/001"][:-1]}
    with pytest.raises(Damaged, match="tile/0/001: holds 8191 bytes where 8192 belong"):
        inclusion(subtree(short.__getitem__, 700), 300, 700)
