"""How do many leaves become one root, and how is it proven what stands under it?

The Merkle tree of RFC 6962: every proof can be checked by anyone with SHA-256 and nothing of ours. A tree is
read through a function that gives the hash over 2**level leaves from index * 2**level on, so that it never has
to be in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Subtree = Callable[[int, int], bytes]  # (level, index) -> hash
EMPTY = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(subtree: Subtree, size: int) -> bytes:
    """The root over the first `size` leaves."""
    return _over(subtree, 0, size) if size else EMPTY


def inclusion(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` stands in the tree of `size` leaves, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _left(high - low)
        if index < middle:
            path.append(_over(subtree, middle, high))
            high = middle
        else:
            path.append(_over(subtree, low, middle))
            low = middle
    return path[::-1]


def consistency(subtree: Subtree, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of that of `new` ones."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in (0, new):
        return []
    path, low, high, whole = [], 0, new, True
    while old != high:
        middle = low + _left(high - low)
        if old <= middle:
            path.append(_over(subtree, middle, high))
            high = middle
        else:
            path.append(_over(subtree, low, middle))
            low, whole = middle, False
    if not whole:
        path.append(_over(subtree, low, high))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], under: bytes) -> bool:
    """Whether `proof` shows that the hash `leaf` is leaf `index` of the tree of this size and root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == under


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with that of `old` ones."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY
    steps = list(proof)
    if old & (old - 1) == 0:  # a complete tree is the first step itself
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, step)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _left(size: int) -> int:
    """The largest power of two below `size` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1


def _over(subtree: Subtree, low: int, high: int) -> bytes:
    """The hash over leaves `low` to `high` (exclusive), which is a node of some tree."""
    hashes = [subtree(level, index) for level, index in _complete(low, high)]
    found = hashes.pop()
    for left in reversed(hashes):
        found = node_hash(left, found)
    return found


def _complete(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that the leaves fall into, from the left."""
    size = high - low
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            yield level, low >> level
            low += 1 << level
