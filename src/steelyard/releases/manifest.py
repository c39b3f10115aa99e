"""What does this release say it is made of, and can that be said at all?

A manifest that passes names only paths inside the release, each once, and every number in it is consistent
with the others.
"""

from __future__ import annotations

import re
from typing import Any

from steelyard import forms
from steelyard.domain.errors import SteelyardError
from steelyard.domain.form import Form
from steelyard.releases.encoding import NotCanonical, canonical, read_canonical
from steelyard.releases.layout import FORMAT, NAMED_BY_DIGEST, PATHS, TABLES
from steelyard.releases.options import Options, parse_options

_HEX = re.compile(r"[0-9a-f]{64}")
_KEYS = {
    "format", "project", "forms", "options", "version", "predecessor", "as_of", "receipt", "files", "fit", "counts",
    "changes", "withheld",
}  # fmt: skip
_FILE_KEYS = {
    "path",
    "kind",
    "sha256",
    "bytes",
    "rows",
    "provider",
    "shipment",
    "day",
    "depends",
    "licence",
    "schema",
}
_SOURCE = ("content", "judgments")


class BadManifest(ValueError):
    """The manifest cannot be believed; the message completes "manifest.json ..."."""


def read_manifest(data: bytes) -> dict[str, Any]:
    """The manifest in these bytes, sound in shape. Raises `BadManifest`."""
    try:
        manifest = read_canonical(data)
    except NotCanonical as wrong:
        raise BadManifest(str(wrong)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadManifest(f"is not of format {FORMAT}")
    _need(set(manifest) == _KEYS, f"must have exactly the fields {', '.join(sorted(_KEYS))}")
    project = manifest["project"]
    wanted = {"name", "slug", "world", "instruction", "form"}
    _need(isinstance(project, dict) and set(project) == wanted, "does not say which project it is of")
    _need(all(isinstance(v, str) for v in project.values()), "does not say which project it is of")
    _need(_count(manifest["version"]) and manifest["version"] >= 1, "has no version")
    before = manifest["predecessor"]
    _need(before is None or _is_digest(before), "names a predecessor that is no digest")
    _need(manifest["as_of"] is None or isinstance(manifest["as_of"], str), "has no as_of")
    _need(manifest["receipt"] is False, "announces a receipt, which this version cannot check")
    _need(isinstance(manifest["withheld"], list), "has no list of withheld tasks")
    _need(
        all(isinstance(t, str) for t in manifest["withheld"])
        and manifest["withheld"] == sorted(set(manifest["withheld"])),
        "has a list of withheld tasks that is not sorted",
    )
    _need(isinstance(manifest["fit"], dict), "has no fit")
    read_options(manifest)
    _need(manifest["changes"] is None or isinstance(manifest["changes"], dict), "has no changes")
    _check_files(manifest["files"])
    read_forms(manifest)
    _need(
        canonical(manifest["counts"]) == canonical(counted(manifest["files"])),
        "has counts that do not fit its files",
    )
    return manifest


def read_forms(manifest: dict[str, Any]) -> dict[str, Form]:
    """The forms by digest, the project's current one among them. Raises `BadManifest`."""
    raw = manifest["forms"]
    _need(isinstance(raw, dict) and manifest["project"]["form"] in raw, "does not hold the project's form")
    found: dict[str, Form] = {}
    for digest, body in raw.items():
        try:
            found[digest] = forms.parse_form(body)
        except SteelyardError as wrong:
            raise BadManifest(f"has a form that is none: {wrong.message}") from None
        _need(forms.digest(found[digest]) == digest, f"has a form that is not of digest {digest}")
    return found


def read_options(manifest: dict[str, Any]) -> Options:
    """What the release was ordered to be. Raises `BadManifest`."""
    raw = manifest["options"]
    _need(isinstance(raw, dict), "does not say how it was ordered")
    try:
        options = parse_options(raw)
    except SteelyardError as wrong:
        raise BadManifest(f"was ordered in a way that cannot be: {wrong.message}") from None
    again = canonical(options.to_manifest(list(options.providers)))
    _need(again == canonical(raw), "does not say all of how it was ordered")
    return options


def counted(files: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums over the files, as they stand in a manifest."""
    by: dict[str, dict[str, int]] = {}
    for file in files:
        if file["kind"] in _SOURCE:
            sums = by.setdefault(file["provider"], {"content": 0, "judgments": 0})
            sums[file["kind"]] += file["rows"]
    rows = {kind: sum(f["rows"] or 0 for f in files if f["kind"] == kind) for kind in PATHS}
    return {
        "rows": rows["consensus"],
        "content": rows["content"],
        "judgments": rows["judgments"],
        "blobs": sum(f["kind"] == "blob" for f in files),
        "files": len(files),
        "bytes": sum(f["bytes"] for f in files),
        "providers": by,
    }


def _check_files(files: Any) -> None:
    _need(isinstance(files, list), "has no list of files")
    for file in files:
        _need(isinstance(file, dict) and set(file) == _FILE_KEYS, "lists a file without saying all of it")
        path, kind = file["path"], file["kind"]
        _need(isinstance(path, str) and isinstance(kind, str) and kind in PATHS, "lists a file of no kind")
        match = PATHS[kind].fullmatch(path)
        _need(match is not None, f"lists {path[:200]!r}, which cannot be the path of a {kind} file")
        _need(_is_digest(file["sha256"]), f"lists {path} without a digest")
        if match is not None and kind in NAMED_BY_DIGEST:
            _need(match[1] == file["sha256"], f"lists {path}, which is not named by its digest")
        _need(_count(file["bytes"]), f"lists {path} without its size")
        table, source = kind in TABLES, kind in _SOURCE
        _need(_count(file["rows"]) if table else file["rows"] is None, f"lists {path} without its rows")
        _need(table == (file["schema"] is not None), f"lists {path} without its schema")
        licence = file["licence"]
        _need(
            licence is None or (source and isinstance(licence, str)), f"does not say how {path} is licensed"
        )
        _need(source == isinstance(file["provider"], str), f"does not say whose {path} is")
        one_of = (file["shipment"] is None) != (file["day"] is None)
        _need(
            one_of if source else file["shipment"] is file["day"] is None, f"does not say whence {path} came"
        )
        _need(isinstance(file["depends"], list) == source, f"does not say on whom {path} depends")
    paths = [file["path"] for file in files]
    _need(paths == sorted(set(paths)), "lists files out of order or twice")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _need(holds: object, what_is_wrong: str) -> None:
    if not holds:
        raise BadManifest(what_is_wrong)
