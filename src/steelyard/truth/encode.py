"""Which small integer stands for this id, and which row of the input is unusable?

Codes follow the sorted order of the ids, so the order of the rows never shows in a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.domain.errors import SteelyardError

LONGEST_FIXED_WIDTH = 200
NUMBERS = {int, bool, float}
Codes = NDArray[np.int64]


class UnusableLabels(SteelyardError, ValueError):
    """The labels cannot be read as labels; `row` is the 0-based row at fault, None when it is no one row."""

    code = "unusable_labels"

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message if row is None else f"row {row}: {message}")
        self.row = row
        self.reason = message


def encode(values: Any, what: str, *, missing_allowed: bool = False) -> tuple[Codes, NDArray[Any]]:
    """Codes 0..n-1 of `values` and the n distinct values, sorted.

    `values` is a list, a numpy array or an Arrow array of integers or strings. A missing value (None, NaN,
    or an empty string for annotators) gets code -1 when `missing_allowed`, else raises `UnusableLabels`
    with its row.
    """
    array = as_array(values, what)
    if array.dtype.kind in "iub" and array.dtype != object:
        return _encode_integers(array)
    if array.dtype.kind == "f":
        _refuse_rows(np.isnan(array) & (not missing_allowed), f"{what} is NaN")
        codes, distinct = _unique(array[~np.isnan(array)])
        whole = np.full(len(array), -1, dtype=np.int64)
        whole[~np.isnan(array)] = codes
        return whole, distinct
    return _encode_objects(array.tolist(), what, missing_allowed)


def as_array(values: Any, what: str) -> NDArray[Any]:
    """A one-dimensional numpy array: integers and floats as they are, everything else as objects or text."""
    if type(values).__module__.partition(".")[0] == "pyarrow":
        return _from_arrow(values, what)
    if isinstance(values, np.ndarray):
        array = values
    elif hasattr(values, "to_numpy"):
        array = np.asarray(values.to_numpy())
    elif isinstance(values, str | bytes):
        raise UnusableLabels(f"{what} must be an array, not a single {type(values).__name__}")
    elif isinstance(values, Sequence):
        array = _from_sequence(values)
    else:
        array = _from_sequence(list(values))
    if array.ndim != 1:
        raise UnusableLabels(f"{what} must have one dimension, not {array.ndim}")
    if array.dtype.kind not in "iubfUO":
        raise UnusableLabels(f"{what} must be integers or strings, not {array.dtype}")
    return array


def to_numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Finite floats; text is parsed. Raises `UnusableLabels` with the first row that is no finite number."""
    array = as_array(values, what)
    if array.dtype.kind in "iuf":
        numbers = array.astype(np.float64)
    else:
        numbers = np.empty(len(array), dtype=np.float64)
        for row, value in enumerate(array.tolist()):
            if isinstance(value, bool) or value is None:
                raise UnusableLabels(f"{what} {value!r} is not a number", row)
            try:
                numbers[row] = float(value)
            except (TypeError, ValueError, OverflowError):
                raise UnusableLabels(f"{what} {_shown(value)} is not a number", row) from None
    _refuse_rows(~np.isfinite(numbers), f"{what} is not a finite number")
    return numbers


def text_array(values: Sequence[Any]) -> NDArray[Any]:
    """Strings as a numpy array that gives each back exactly: fixed width while short, else objects."""
    if not values:
        return np.empty(0, dtype="U1")
    if all(isinstance(v, str) and len(v) <= LONGEST_FIXED_WIDTH and not v.endswith("\0") for v in values):
        return np.array(values, dtype=np.str_)
    return object_array(values)


def object_array(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def _from_sequence(values: Sequence[Any]) -> NDArray[Any]:
    kinds = set(map(type, values))
    if kinds and (kinds <= {int} or kinds <= {float, int}):
        try:
            array = np.array(values)
        except (OverflowError, ValueError):
            return object_array(values)
        if array.dtype.kind == "i" or (array.dtype.kind == "f" and kinds != {int}):
            return array
    return object_array(values)


def _from_arrow(values: Any, what: str) -> NDArray[Any]:
    if hasattr(values, "combine_chunks") and hasattr(values, "num_chunks"):
        values = values.combine_chunks()
    if values.null_count == 0 and str(values.type) in _ARROW_NUMBERS:
        return values.to_numpy(zero_copy_only=False)
    if hasattr(values, "to_pylist"):
        return object_array(values.to_pylist())
    raise UnusableLabels(f"{what} is not an Arrow array")


_ARROW_NUMBERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"float", "double"}


def _encode_integers(array: NDArray[Any]) -> tuple[Codes, NDArray[Any]]:
    if array.dtype.kind == "b" or not len(array):
        return _unique(array)
    low, high = int(array.min()), int(array.max())
    if high - low > 4 * len(array) + 1000 or high > 2**62 or low < -(2**62):
        return _unique(array)
    offsets = array.astype(np.int64) - low
    present = np.zeros(high - low + 1, dtype=bool)
    present[offsets] = True
    place = np.cumsum(present) - 1
    return place[offsets], (np.flatnonzero(present) + low).astype(array.dtype)


def _unique(array: NDArray[Any]) -> tuple[Codes, NDArray[Any]]:
    distinct, codes = np.unique(array, return_inverse=True)
    return codes.astype(np.int64).reshape(-1), distinct


def _encode_objects(values: list[Any], what: str, missing_allowed: bool) -> tuple[Codes, NDArray[Any]]:
    if any(issubclass(kind, np.generic) for kind in set(map(type, values))):
        values = [v.item() if isinstance(v, np.generic) else v for v in values]
    places: dict[Any, int] = {}
    try:
        codes = np.fromiter((places.setdefault(v, len(places)) for v in values), np.int64, len(values))
    except TypeError:
        row = next(i for i, v in enumerate(values) if not isinstance(v, str | int))
        raise UnusableLabels(f"{what} must be an integer or a string", row) from None
    missing = {v for v in places if v is None or v != v or (missing_allowed and v == "")}
    if missing and not missing_allowed:
        _refuse_rows(np.isin(codes, [places[v] for v in missing]), f"{what} is missing")
    known = [v for v in places if v not in missing]
    kinds = {type(v) for v in known}
    if not (kinds <= {str} or kinds <= NUMBERS):
        alike = {str} if type(known[0]) is str else NUMBERS
        odd = next(v for v in known if type(v) not in alike)
        if type(odd) not in NUMBERS | {str}:
            raise UnusableLabels(f"{what} must be an integer or a string", values.index(odd))
        row = next(i for i, v in enumerate(values) if type(v) is type(odd) and v == odd)
        raise UnusableLabels(f"{what} {_shown(odd)} is not of the same type as those before it", row)
    known.sort()
    renumber = np.full(len(places), -1, dtype=np.int64)
    renumber[np.fromiter((places[v] for v in known), np.int64, len(known))] = np.arange(len(known))
    distinct = text_array(known) if kinds <= {str} else _from_sequence(known)
    return (renumber[codes] if len(values) else codes), distinct


def _refuse_rows(bad: NDArray[np.bool_], message: str) -> None:
    if bad.any():
        raise UnusableLabels(message, int(np.argmax(bad)))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
