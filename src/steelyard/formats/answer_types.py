"""How does an answer of each kind stand in a typed column?

Attributes, whose names differ from answer to answer, are JSON within it; so are kinds without a fixed shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

AS_JSON = ("fields", "rubric", "transcript", "tracks", "cuboids")
_NUMBERS = ("x", "y", "width", "height", "rotation", "rx", "ry")
_OF_A_SHAPE = {
    "spans": ("start", "end"),
    "boxes": ("x", "y", "width", "height", "rotation"),
    "polygons": ("points",),
    "lines": ("points",),
    "points": ("x", "y"),
    "ellipses": ("x", "y", "rx", "ry", "rotation"),
    "mask": ("size", "counts"),
    "relations": ("from", "to"),
    "events": ("start_s", "end_s"),
}


def answer_type(kind: str) -> pa.DataType:
    """The Arrow type of answers of this kind."""
    import pyarrow as pa

    if kind in ("choices", "file"):
        return pa.list_(pa.string())
    if kind == "rating":
        return pa.int64()
    if kind == "number":
        return pa.float64()
    if kind == "ranking":
        return pa.list_(pa.list_(pa.string()))
    if kind == "pairwise":
        return pa.struct([("winner", pa.string()), ("strength", pa.int64())])
    if kind == "chat":
        return messages_type()
    if kind in _OF_A_SHAPE:
        own = [(name, _part_type(name)) for name in _OF_A_SHAPE[kind]]
        common = [("id", pa.string()), ("label", pa.string())]
        where = [("attributes", pa.string()), ("block", pa.int64()), ("page", pa.int64())]
        return pa.list_(pa.struct([*common, *own, *where]))
    return pa.string()


def messages_type() -> pa.DataType:
    import pyarrow as pa

    return pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def _part_type(name: str) -> pa.DataType:
    import pyarrow as pa

    if name in ("start", "end"):
        return pa.int64()
    if name in (*_NUMBERS, "start_s", "end_s"):
        return pa.float64()
    if name == "points":
        return pa.list_(pa.list_(pa.float64()))
    return pa.list_(pa.int64()) if name == "size" else pa.string()


def cell_of(kind: str, answer: Any) -> Any:
    """What stands in the column for an answer; None for none."""
    if answer is None:
        return None
    if kind in AS_JSON:
        return json.dumps(answer, ensure_ascii=False)
    if kind == "rating":
        return int(answer)
    if kind == "number":
        return float(answer)
    if kind == "chat":
        return [{"role": m.get("role"), "content": m.get("content")} for m in answer]
    if kind in _OF_A_SHAPE:
        return [_flat(one) for one in answer]
    return answer


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    flat = {k: v for k, v in one.items() if k not in ("rle", "attributes")}
    if "rle" in one:
        flat |= {"size": one["rle"]["size"], "counts": one["rle"]["counts"]}
    if one.get("attributes"):
        flat["attributes"] = json.dumps(one["attributes"], ensure_ascii=False)
    return flat


def answer_in(kind: str, cell: Any) -> Any:
    """The answer that stands in a column. Raises ValueError."""
    if kind in AS_JSON:
        return json.loads(cell)
    if kind in _OF_A_SHAPE:
        return [_deep({k: v for k, v in one.items() if v is not None}) for one in cell]
    if kind == "pairwise":
        return {k: v for k, v in cell.items() if v is not None}
    if kind == "number" and isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def _deep(one: dict[str, Any]) -> dict[str, Any]:
    if "counts" in one:
        one["rle"] = {"size": one.pop("size"), "counts": one.pop("counts")}
    if "attributes" in one:
        one["attributes"] = json.loads(one["attributes"])
    return one
