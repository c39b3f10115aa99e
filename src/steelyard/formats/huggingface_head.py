"""What stands at the head of a dataset's README.md: splits with their files, columns with their types, in YAML.

Every text is a quoted JSON string, which YAML reads as itself, whatever it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Described = tuple[str, "pa.DataType", Sequence[str], bool]  # name, type, classes, whether it is a picture


def front_matter(columns: Sequence[Described], splits: Iterable[str]) -> str:
    """The head, between its lines of dashes."""
    info = {"features": [_feature(*column) for column in columns]}
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    head = {"configs": [{"config_name": "default", "data_files": files}], "dataset_info": info}
    return f"---\n{_yaml(head)}---\n"


def _feature(name: str, kind: pa.DataType, classes: Sequence[str], image: bool) -> dict[str, Any]:
    if classes:
        names = {str(place): label for place, label in enumerate(classes)}
        return {"name": name, "dtype": {"class_label": {"names": names}}}
    return {"name": name, "dtype": "image"} if image else {"name": name, **_typed(kind)}


def _typed(kind: pa.DataType) -> dict[str, Any]:
    import pyarrow as pa

    if pa.types.is_list(kind):
        inner = _typed(kind.value_type)
        return {"list": inner.get("struct") or (inner["dtype"] if set(inner) == {"dtype"} else inner)}
    if pa.types.is_struct(kind):
        return {"struct": [{"name": field.name, **_typed(field.type)} for field in kind]}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind))}


def _yaml(value: Any, depth: int = 0) -> str:
    """Block YAML of what JSON could hold."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        return "".join(f"{indent}{_scalar(key)}:{_after(item, depth)}" for key, item in value.items())
    lines = []
    for item in value:
        inner = _yaml(item, depth + 1) if isinstance(item, Mapping | list) else f"{_scalar(item)}\n"
        lines.append(f"{indent}- {inner.lstrip()}")
    return "".join(lines)


def _after(item: Any, depth: int) -> str:
    if isinstance(item, Mapping | list):
        return f"\n{_yaml(item, depth + 1)}" if item else f" {json.dumps(item)}\n"
    return f" {_scalar(item)}\n"


def _scalar(value: Any) -> str:
    plain = isinstance(value, str) and value.replace("_", "a").isalpha() and value.isascii()
    if plain and value.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return str(value)
    return quoted(value)


def quoted(value: Any) -> str:
    """A value of JSON on one line of YAML."""
    return _UNPRINTABLE.sub(lambda c: f"\\u{ord(c[0]):04x}", json.dumps(value, ensure_ascii=False))


_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # JSON lets them stand, YAML does not
