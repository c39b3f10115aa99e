"""In which files does the tree lie, so that anyone can read it and none is ever changed?

C2SP tlog-tiles: a tile holds up to 256 hashes that stand side by side at every eighth level of the tree, and an
entry bundle the 256 entries below a tile. A full file never changes; one that is not full yet carries its width
in its name, so it never changes either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from steelyard.ledger.tree import Subtree, leaf_hash, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH_BYTES = 32
ENTRIES = "entries"
_LONGEST_ENTRY = (1 << 16) - 1

Read = Callable[[str], bytes]  # the bytes at a path, or KeyError


class Damaged(ValueError):
    """A file of the log does not hold what its name says."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """The path of a tile of a level, or with `ENTRIES` of an entry bundle."""
    steps = [f"{number % 1000:03}"]
    while number := number // 1000:
        steps.insert(0, f"x{number % 1000:03}")
    partial = [] if width == WIDTH else [f"{steps.pop()}.p", str(width)]
    return "/".join(["tile", str(level), *steps, *partial])


def paths(size: int) -> Iterator[str]:
    """All files that hold a tree of this size."""
    for level, many in [(ENTRIES, size), *_levels(size)]:
        for number in range(many // WIDTH):
            yield tile_path(level, number)
        if many % WIDTH:
            yield tile_path(level, many // WIDTH, many % WIDTH)


def grown(read: Read, size: int, entries: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """The files that a log of `size` entries gains with these behind them, entry bundles first. The same
    entries give the same bytes, however often and in however many steps."""
    files = list(_filled(read, ENTRIES, size, [_framed(entry) for entry in entries]))
    level, at, hashes = 0, size, [leaf_hash(entry) for entry in entries]
    while hashes:
        above: list[bytes] = []
        for path, data in _filled(read, level, at, hashes):
            files.append((path, data))
            if len(data) == WIDTH * HASH_BYTES:
                above.append(_top([data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]))
        level, at, hashes = level + 1, at // WIDTH, above
    return files


def subtree(read: Read, size: int) -> Subtree:
    """The hashes of a tree of this size, from its tiles. Raises `Damaged` and what `read` raises."""
    levels = dict(_levels(size))

    def hash_over(level: int, index: int) -> bytes:
        tiled, within = divmod(level, HEIGHT)
        first = index << within
        number, at = divmod(first, WIDTH)
        width = min(WIDTH, levels[tiled] - number * WIDTH)
        path = tile_path(tiled, number, width)
        data = read(path)
        if len(data) != width * HASH_BYTES:
            raise Damaged(path, f"holds {len(data)} bytes where {width * HASH_BYTES} belong")
        places = range(at * HASH_BYTES, (at + (1 << within)) * HASH_BYTES, HASH_BYTES)
        return _top([data[i : i + HASH_BYTES] for i in places])

    return hash_over


def entries_of(path: str, data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises `Damaged`."""
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if at + 2 > len(data) or len(entry) != length:
            raise Damaged(path, "ends within an entry")
        found.append(entry)
        at += 2 + length
    return found


def _levels(size: int) -> Iterator[tuple[int, int]]:
    """Each level of tiles and how many hashes it has."""
    level = 0
    while size:
        yield level, size
        level, size = level + 1, size // WIDTH


def _filled(read: Read, level: int | str, count: int, more: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of a level that has `count` pieces and gains these."""
    number, begun = divmod(count, WIDTH)
    data = read(tile_path(level, number, begun)) if begun else b""
    at = 0
    while at < len(more):
        taken = more[at : at + WIDTH - begun]
        data += b"".join(taken)
        yield tile_path(level, number, begun + len(taken)), data
        at += len(taken)
        number, begun, data = number + 1, 0, b""


def _framed(entry: bytes) -> bytes:
    if len(entry) > _LONGEST_ENTRY:
        raise ValueError(f"an entry has at most {_LONGEST_ENTRY} bytes, not {len(entry)}")
    return len(entry).to_bytes(2, "big") + entry


def _top(hashes: list[bytes]) -> bytes:
    """The hash over a complete tree of these."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
