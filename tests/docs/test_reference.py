"""What the reference lists is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from steelyard.formats.registry import file_formats
from steelyard.http.app import create_app
from steelyard.settings import Settings, variable_of

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_every_setting_is_documented_with_its_variable_and_default():
    text = (REFERENCE / "settings.md").read_text("utf-8")
    for field in fields(Settings):
        row = re.search(rf"^\| `{variable_of(field.name)}` \|.*$", text, re.MULTILINE)
        assert row, field.name
        default = field.default
        if isinstance(default, bool):
            assert f"`{int(default)}`" in row[0]
        elif default is not None:
            assert str(default).removeprefix("./") in row[0]


def test_every_first_part_of_a_path_of_the_api_is_in_the_table():
    text = (REFERENCE / "api.md").read_text("utf-8")
    paths = create_app(None).openapi()["paths"]  # type: ignore[arg-type]
    for path in paths:
        parts = path.strip("/").split("/")
        first = f"/{parts[0]}" if parts[0] != "api" else f"/api/{parts[1]}"
        assert first in text, path


def test_the_table_of_file_formats_says_what_each_is_needs_and_loses():
    lines = (REFERENCE / "formats.md").read_text("utf-8").splitlines()
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert list(rows) == list(file_formats())
    for name, fmt in file_formats().items():
        cells = [cell.strip() for cell in rows[name].strip("|").split(" | ")]
        assert (cells[1], cells[3], cells[4]) == (fmt.title, fmt.shows, fmt.loses), name
        assert all(kind in cells[2] for kind in fmt.kinds), name
