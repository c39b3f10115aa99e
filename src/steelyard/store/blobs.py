"""Where are the bytes of images, documents and recordings, and are they still the ones that were put there?

A blob's name is the SHA-256 of its bytes; it is either wholly there or not at all, and bytes that do not fit
their name are told, never handed out as sound.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import re
import secrets
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast
from urllib.parse import urlsplit

import obstore
from obstore.store import LocalStore, from_url

from steelyard.domain.errors import NotFound, TooLarge, invalid
from steelyard.store.database import StoreError, StoreFull, StoreUnavailable
from steelyard.store.trouble import Trouble

CHUNK = 1 << 20
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LIMIT = 5 << 30
_IN_MEMORY = 8 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")

Source = bytes | bytearray | memoryview | BinaryIO | Iterable[bytes]


class BlobMissing(NotFound):
    """No blob has this digest."""

    code = "blob_missing"


class BlobCorrupt(StoreError):
    """The stored bytes are not those that were put: the storage has changed them."""

    code = "blob_corrupt"


class Blobs(ABC):
    """A content-addressed store. Digests are lower-case hex SHA-256; safe to use from many threads."""

    def __init__(self, store: Any, place: str, limit: int) -> None:
        self._store = store
        self._place = place
        self.limit = limit

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place!r})"

    @abstractmethod
    def put(self, data: Source, *, limit: int | None = None) -> str:
        """Keep the bytes, durably when this returns, and return their digest. Putting them again is harmless.

        `data` is bytes, a binary file or an iterable of bytes. Raises TooLarge beyond `limit` (the store's
        own unless given), and then keeps nothing.
        """

    def get(self, digest: str) -> bytes:
        """All the bytes, checked. Raises BlobMissing, BlobCorrupt."""
        return b"".join(self.stream(digest))

    def stream(self, digest: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """The bytes in pieces of about `chunk`; the last is held back until all are known to be sound.

        BlobMissing is raised by the call itself, BlobCorrupt while reading.
        """
        result = self._fetch(digest)
        return _checked(result.stream(min_chunk_size=chunk), digest, self._place)

    def open(self, digest: str) -> IO[bytes]:
        """A seekable file of the bytes, all of them checked before it is returned; close it after use."""
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        try:
            for piece in self.stream(digest):
                file.write(piece)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return cast("IO[bytes]", file)

    def range(self, digest: str, start: int, end: int) -> bytes:
        """Bytes `start` to `end` (exclusive), for players that seek. No part can be checked by itself."""
        if not 0 <= start <= end:
            raise invalid("", "range", "a range starts at 0 or later and does not end before it starts")
        if start == end:
            return b""
        try:
            return bytes(obstore.get_range(self._store, _key(digest), start=start, end=end))
        except FileNotFoundError:
            raise _missing(digest) from None

    def size(self, digest: str) -> int:
        """The number of bytes. Raises BlobMissing."""
        try:
            return obstore.head(self._store, _key(digest))["size"]
        except FileNotFoundError:
            raise _missing(digest) from None

    def exists(self, digest: str) -> bool:
        """Whether there is such a blob; its bytes are not looked at."""
        try:
            self.size(digest)
        except BlobMissing:
            return False
        return True

    def delete(self, digest: str) -> bool:
        """Remove the blob, durably when this returns; False when there was none."""
        if not self.exists(digest):
            return False
        obstore.delete(self._store, _key(digest))
        return True

    def set_aside(self, digest: str) -> bool:
        """Move the bytes to where nobody looks for whether they are there, though whoever reads them still finds
        them; False when there are none. To be taken back or dropped after a while."""
        with contextlib.suppress(FileNotFoundError):
            obstore.rename(self._store, _key(digest), _aside(digest))
            return True
        return False

    def take_back(self, digest: str) -> None:
        """Put what was set aside where it was, unless it came in again meanwhile."""
        if not self.exists(digest):
            with contextlib.suppress(FileNotFoundError):
                obstore.rename(self._store, _aside(digest), _key(digest))

    def drop_aside(self, digest: str) -> None:
        """Remove what was set aside."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, _aside(digest))

    def _fetch(self, digest: str, *, aside: bool = True) -> Any:
        for key in (_key(digest), _aside(digest)) if aside else (_key(digest),):
            with contextlib.suppress(FileNotFoundError):
                return obstore.get(self._store, key)
        raise _missing(digest)


class FolderBlobs(Blobs):
    """Blobs in a folder: written beside, synced, then renamed, so that no crash leaves a part of one."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self.folder = Path(folder).absolute()
        self._arriving = self.folder / "arriving"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._arriving.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{self.folder} cannot be used for blobs: {error.strerror}") from error
        super().__init__(LocalStore(self.folder), str(self.folder), limit)
        self._synced: set[str] = set()
        self._trouble = Trouble(worked=True)
        self.sweep()

    def put(self, data: Source, *, limit: int | None = None) -> str:
        limit = self.limit if limit is None else limit
        if isinstance(data, bytes | bytearray | memoryview):
            digest = hashlib.sha256(data).hexdigest()
            if self._is_sound(digest):
                _sync_folder(self._path(digest).parent)
                return digest
        try:
            digest = self._keep(data, limit)
            self._trouble.over()
            return digest
        except OSError as error:
            if error.errno in NO_SPACE:
                message = f"no space is left for blobs in {self.folder}"
                self._trouble.met(message)
                raise StoreFull(f"{message}: nothing was kept") from error
            if isinstance(error, FileNotFoundError) and not self._arriving.is_dir():
                raise StoreUnavailable(f"{self.folder} is gone: no blob can be kept") from error
            raise  # it may be the source's

    def _keep(self, data: Source, limit: int) -> str:
        path, descriptor = self._make_arriving()
        try:
            hasher = hashlib.sha256()
            for piece in _pieces(data, limit):
                hasher.update(piece)
                _write_all(descriptor, piece)
            os.fsync(descriptor)
            digest = hasher.hexdigest()
            final = self._path(digest)
            self._make_shelf(final.parent)
            os.replace(path, final)
            _sync_folder(final.parent)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            raise
        finally:
            os.close(descriptor)
        return digest

    def delete(self, digest: str) -> bool:
        path = self._path(digest)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(path.parent)
        return True

    def sweep(self) -> int:
        """Remove what killed writers have left half-written; returns how many. Called on opening."""
        swept = 0
        for path in self._arriving.iterdir():
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                # A living writer holds its file locked.
                if _try_lock(file.fileno()):
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, digest: str) -> Path:
        return self.folder / _key(digest)

    def _is_sound(self, digest: str) -> bool:
        try:
            result = self._fetch(digest, aside=False)  # what was set aside may go
            for _ in _checked(result.stream(min_chunk_size=CHUNK), digest, self._place):
                pass
        except (BlobMissing, BlobCorrupt):
            return False
        return True

    def _make_arriving(self) -> tuple[Path, int]:
        while True:
            path = self._arriving / secrets.token_hex(16)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # A sweep may have found it before it was locked; then another is made.
            if _try_lock(descriptor) and os.fstat(descriptor).st_nlink:
                return path, descriptor
            os.close(descriptor)

    def _make_shelf(self, shelf: Path) -> None:
        # Another thread or process may have made it and not synced it yet, so each syncs it once itself.
        if shelf.name not in self._synced or not shelf.is_dir():
            shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(shelf.parent)
            _sync_folder(self.folder)
            self._synced.add(shelf.name)


class RemoteBlobs(Blobs):
    """Blobs in an object store: S3, Google Cloud Storage, Azure and what speaks their protocols."""

    def put(self, data: Source, *, limit: int | None = None) -> str:
        limit = self.limit if limit is None else limit
        hasher = hashlib.sha256()
        # The name is known only at the end, so the bytes wait in a file that has no name and leaves no trace.
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            size = 0
            for piece in _pieces(data, limit):
                hasher.update(piece)
                size += file.write(piece)
            digest = hasher.hexdigest()
            if not (self.exists(digest) and self.size(digest) == size):
                file.seek(0)
                obstore.put(self._store, _key(digest), cast("IO[bytes]", file))
        return digest


def open_blobs(folder: Path | None, url: str | None = None, *, limit: int = LIMIT) -> Blobs:
    """The store at `url` (s3://, gs://, az://, https:// of one of these, file://), or else `folder`/blobs.

    Credentials come from the environment, as each cloud's own tools read them. Raises StoreUnavailable.
    """
    if url is None:
        if folder is None:
            raise StoreUnavailable("neither a data folder nor a storage URL was given")
        return FolderBlobs(Path(folder) / "blobs", limit=limit)
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderBlobs(Path(parts.path), limit=limit)
    place = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # without user, password and query
    try:
        store = from_url(url)
    except Exception as error:
        raise StoreUnavailable(f"{place} cannot be used for blobs: {type(error).__name__}") from None
    return RemoteBlobs(store, place, limit)


def _key(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise invalid("", "digest", "a blob is named by the 64 lower-case hex digits of its SHA-256")
    return f"sha256/{digest[:2]}/{digest[2:]}"


def _aside(digest: str) -> str:
    return f"aside/{_key(digest)}"


def _missing(digest: str) -> BlobMissing:
    return BlobMissing(f"there is no blob sha256/{digest}")


def _checked(pieces: Iterable[Any], digest: str, place: str) -> Iterator[bytes]:
    hasher = hashlib.sha256()
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held
        held = bytes(piece)
        hasher.update(held)
    if hasher.hexdigest() != digest:
        raise BlobCorrupt(f"the bytes of sha256/{digest} in {place} are not those that were put there")
    if held:
        yield held


def _pieces(data: Source, limit: int) -> Iterator[bytes | memoryview]:
    source: Iterable[Any]
    if isinstance(data, bytes | bytearray | memoryview):
        view = memoryview(data).cast("B")
        source = (view[at : at + CHUNK] for at in range(0, len(view), CHUNK))
    elif isinstance(data, io.IOBase) or hasattr(data, "read"):
        file = cast("BinaryIO", data)
        source = iter(lambda: file.read(CHUNK), b"")
    else:
        source = cast("Iterable[bytes]", data)
    size = 0
    for piece in source:
        size += len(piece)
        if size > limit:
            raise TooLarge(f"a blob may have {limit:,} bytes; this one has more")
        yield piece


def _write_all(descriptor: int, piece: bytes | memoryview) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make names in the folder durable, not only the bytes they name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
