"""How are many rows read, over a connection that may break?

Lines are read as they are asked for; where the connection breaks, reading goes on after the last line that came
whole. As a table all of them are fetched at once, in columns.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar, cast

import httpx
import msgspec

from steelyard.client.errors import PackageMissing, Unreachable
from steelyard.client.transport import TRIES, Transport, pause, quoted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
_DECODE = msgspec.json.Decoder().decode


class Rows(Iterator[T], Generic[T]):
    """The rows of an export, one after another: an iterator, a list (`list(rows)`), or a table.

    Nothing is asked for before the first row is.
    """

    def __init__(self, transport: Transport, project: str, what: str, params: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = f"/api/projects/{quoted(project)}/export/{what}"
        self._params = dict(params)
        self._lines: Iterator[Any] | None = None

    def __next__(self) -> T:
        if self._lines is None:
            self._lines = self._read()
        return cast(T, next(self._lines))

    def _read(self) -> Iterator[Any]:
        params, broken = dict(self._params), 0
        while True:
            try:
                with self._transport.stream(self._path, params) as response:
                    for line in whole_lines(response.iter_bytes()):
                        row = _DECODE(line)
                        params["after"], broken = row["id"], 0
                        if params.get("limit") is not None:
                            params["limit"] -= 1
                        yield row
                return
            except httpx.TransportError as fault:
                broken += 1
                if params.get("limit") == 0:
                    return
                if broken == TRIES:
                    raise Unreachable(f"GET {self._path}: {type(fault).__name__} {fault}") from None
                pause(broken)

    def to_arrow(self) -> pa.Table:
        """All rows as a table of Arrow: `answers` as JSON, and a column `answers.NAME` for each question.

        Raises `PackageMissing` where pyarrow is not installed.
        """
        try:
            import pyarrow.parquet as pq
        except ImportError:
            raise PackageMissing("to_arrow() needs pyarrow: pip install pyarrow") from None
        with tempfile.TemporaryFile() as file:
            self.download(file, "parquet")
            file.seek(0)
            return pq.read_table(file)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """All rows, for whatever takes Arrow by its PyCapsule interface: `polars.DataFrame(rows)`,
        `pyarrow.table(rows)`."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a data frame of pandas; raises `PackageMissing` where it is not installed."""
        try:
            import pandas as pd
        except ImportError:
            raise PackageMissing("to_pandas() needs pandas: pip install pandas pyarrow") from None
        frame = self.to_arrow().to_pandas()
        assert isinstance(frame, pd.DataFrame)
        return frame

    def save(self, path: Path | str, fmt: str = "ndjson") -> None:
        """Writes all rows into a file (ndjson, csv or parquet), which is there whole or not at all."""
        target = Path(path)
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with beside.open("wb") as file:
                self.download(file, fmt)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)

    def download(self, file: IO[bytes], fmt: str) -> None:
        """Writes all rows into an open file, from where it stands; begins again where the connection breaks."""
        self._transport.download(self._path, {**self._params, "format": fmt}, file)


def whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream that have come to their end."""
    rest = b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield from lines
