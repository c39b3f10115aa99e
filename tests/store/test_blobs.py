"""Bytes go in, and exactly those bytes come out, or it is said that they do not."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.store import MemoryStore

import steelyard
from steelyard.domain.errors import Invalid, TooLarge
from steelyard.store.blobs import BlobCorrupt, BlobMissing, Blobs, FolderBlobs, RemoteBlobs, open_blobs
from steelyard.store.database import StoreUnavailable

ABSENT = "0" * 64


@pytest.fixture(params=["folder", "remote"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return open_blobs(tmp_path)
    # What an object store's client does, without the network.
    return RemoteBlobs(MemoryStore(), "memory://", limit=1 << 30)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 20) + 3])
def test_what_was_put_comes_back_however_it_was_given(blobs: Blobs, size: int) -> None:
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    assert blobs.put(data) == digest
    assert blobs.put(io.BytesIO(data)) == digest
    assert blobs.put(iter([data[:10], data[10:]])) == digest
    assert blobs.get(digest) == data
    assert blobs.size(digest) == size
    assert blobs.exists(digest)
    with blobs.open(digest) as file:
        file.seek(size // 2)
        assert file.read() == data[size // 2 :]


def test_a_part_can_be_asked_for(blobs: Blobs) -> None:
    digest = blobs.put(b"0123456789")
    assert blobs.range(digest, 2, 5) == b"234"
    assert blobs.range(digest, 5, 5) == b""
    assert blobs.range(digest, 8, 100) == b"89"
    with pytest.raises(Invalid):
        blobs.range(digest, 5, 2)


def test_what_was_deleted_is_missing(blobs: Blobs) -> None:
    digest = blobs.put(b"words")
    assert blobs.delete(digest)
    assert not blobs.delete(digest)
    assert not blobs.exists(digest)
    for ask in (blobs.get, blobs.stream, blobs.open, blobs.size, lambda d: blobs.range(d, 0, 1)):
        with pytest.raises(BlobMissing):
            ask(digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_that_is_no_digest_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(Invalid):
        blobs.get(name)


def test_more_than_the_limit_is_refused_and_nothing_of_it_kept(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path, limit=100)
    assert blobs.put(bytes(100))
    for data in (bytes(101), io.BytesIO(bytes(101)), iter([bytes(60), bytes(60)])):
        with pytest.raises(TooLarge):
            blobs.put(data)
    with pytest.raises(TooLarge):
        blobs.put(bytes(11), limit=10)
    assert len(files(tmp_path)) == 1


def test_a_source_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield bytes(1000)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        open_blobs(tmp_path).put(failing())
    assert files(tmp_path) == []


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_a_flipped_bit_is_told_and_the_last_piece_withheld_until_putting_it_again_heals_it(
    tmp_path: Path, size: int
) -> None:
    blobs = open_blobs(tmp_path)
    data = os.urandom(size)
    digest = blobs.put(data)
    (name,) = files(tmp_path)
    broken = bytearray(data)
    broken[size // 2] ^= 1
    (tmp_path / name).write_bytes(broken)
    with pytest.raises(BlobCorrupt, match=digest):
        blobs.get(digest)
    with pytest.raises(BlobCorrupt):
        blobs.open(digest)
    given: list[bytes] = []
    with pytest.raises(BlobCorrupt):
        given.extend(blobs.stream(digest))
    assert sum(map(len, given)) < size
    blobs.put(data)
    assert blobs.get(digest) == data


def test_a_killed_writer_leaves_no_half_blob_and_its_leftover_is_swept(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from steelyard.store.blobs import open_blobs
def slowly():
    yield bytes(1 << 20)
    print("half", flush=True)
    time.sleep(60)
open_blobs(Path(sys.argv[1])).put(slowly())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(steelyard.__file__).resolve().parent.parent)},
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    assert isinstance(blobs := open_blobs(tmp_path), FolderBlobs)
    assert len(files(tmp_path)) == 1, "what a living writer is writing is not swept"
    process.kill()
    process.wait()
    process.stdout.close()
    assert not blobs.exists(hashlib.sha256(bytes(1 << 20)).hexdigest())
    open_blobs(tmp_path)
    assert files(tmp_path) == []


def test_many_threads_may_put_the_same_bytes_while_others_sweep(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    end = time.monotonic() + 0.5

    def put(number: int) -> set[str]:
        found = set()
        while time.monotonic() < end:
            found.add(blobs.put(iter([b"same"])))
            blobs.sweep()
            assert blobs.get(blobs.put(bytes([number]) * 1000)) == bytes([number]) * 1000
        return found

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(put, range(8))) == {hashlib.sha256(b"same").hexdigest()}
    assert len(files(tmp_path)) == 9


def test_bytes_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    open_blobs(tmp_path).put(b"private")
    assert (tmp_path / "blobs").stat().st_mode & 0o077 == 0
    assert (tmp_path / files(tmp_path)[0]).stat().st_mode & 0o077 == 0


def test_a_url_may_name_a_folder_and_a_wrong_one_is_told_without_its_secrets(tmp_path: Path) -> None:
    digest = open_blobs(None, f"file://{tmp_path}/here").put(b"x")
    assert (tmp_path / "here" / "sha256" / digest[:2] / digest[2:]).read_bytes() == b"x"
    with pytest.raises(StoreUnavailable) as caught:
        open_blobs(None, "nonsense://me:geheim@host/x?key=geheim")
    assert "geheim" not in str(caught.value)
