"""What the reference lists is what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

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
