"""When does a content hold a text? Whatever its case, white space and Unicode form; and the database leaves
none out that does."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from steelyard.work.needle import ESCAPE, folded, like_pattern, matched, texts_of


def text(said: str) -> dict:
    return {"blocks": [{"type": "text", "text": said}]}


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:") as connection:
        yield connection


def found_by(sqlite: sqlite3.Connection, content: dict, needle: str) -> bool:
    pattern = like_pattern(needle)
    asked = "select ? like ? escape ?"
    return pattern is None or bool(
        sqlite.execute(asked, (json.dumps(content), pattern, ESCAPE)).fetchone()[0]
    )


@pytest.mark.parametrize(
    ("content", "needle", "how"),
    [
        (text("The patient's chart"), "the  PATIENT'S\nchart", "exact"),
        (text("\u201cThe patient's chart\u201d"), "patient's chart", "contains"),
        (text("Stra\u00dfe"), "STRASSE", "exact"),
        (text("cafe\u0301"), "CAF\u00c9", "exact"),
        (text("cafe\u0301"), "cafe", None),
        (text("300 \u212a"), "300 k", "exact"),
        (text("\ufb01le"), "file", "exact"),
        (text("a\u00a0b\tc"), "a b c", "exact"),
        (text("\u4f60\u597d\u4e16\u754c"), "\u597d\u4e16", "contains"),
        (text('say "hi" \\ there'), 'SAY "HI" \\ THERE', "exact"),
        (text("\u0416\u0443\u043a"), "\u0436\u0423\u041a", "exact"),
        (text("100%_!"), "0%_!", "contains"),
        (text("\U0001f600 smile"), "\U0001f600 SMILE", "exact"),
        (text("one"), "two", None),
        (
            {"blocks": [{"type": "chat", "messages": [{"role": "user", "content": "Hello"}]}]},
            "hello",
            "exact",
        ),
        ({"blocks": [{"type": "chat", "messages": [{"role": "user", "content": "Hello"}]}]}, "user", None),
        ({"blocks": [{"type": "image", "url": "blob:sha256/00", "title": "A cat"}]}, "a cat", "exact"),
        ({"blocks": [{"type": "html", "text": "<p>one <b>tw</b>o</p>"}]}, "one two", "exact"),
        ({"blocks": [{"type": "html", "text": "<p>one</p><p>t&eacute;o</p>"}]}, "one t\u00e9o", "exact"),
        ({"blocks": [{"type": "html", "text": "<p>one</p>"}]}, "<p>one</p>", "exact"),
        ({"blocks": [{"type": "text", "text": "a"}, {"type": "text", "text": "b c"}]}, "c", "contains"),
    ],
)
def test_a_text_is_found_as_it_reads(
    sqlite: sqlite3.Connection, content: dict, needle: str, how: str | None
) -> None:
    assert matched(content, folded(needle)) == how
    html = any(block["type"] == "html" for block in content["blocks"])
    if how is not None and not html:  # HTML is looked at whatever the pattern
        assert found_by(sqlite, content, folded(needle))


def test_what_is_asked_rules_out_most(sqlite: sqlite3.Connection) -> None:
    for needle in ("patient", "4711", "\u4f60\u597d", "\u0436\u0443\u043a", "STRASSE"):
        assert not found_by(sqlite, text("nothing of the kind \u00e9\u4e16\u0444"), folded(needle)), needle


def test_a_text_that_rules_nothing_out_asks_for_everything() -> None:
    assert like_pattern("s") is None
    assert like_pattern("\u00e9") is None


SPECIAL = (
    "sSkKfiflffi\u017f\u212a\ufb01\ufb06\u00df\u1e9e\u0130\u0149\u01f0\u1e9a"
    '\u00e9e\u0301\u030a\u212b\uf9d0\u03c2\u03a3\u0416 \t"\\%_!\x07'
)
letters = st.one_of(
    st.sampled_from(SPECIAL), st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
)


@given(st.text(letters, max_size=30), st.data())
def test_no_text_that_is_there_is_left_out(said: str, data: st.DataObject) -> None:
    whole = folded(said)
    assume(whole)
    start = data.draw(st.integers(0, len(whole) - 1))
    needle = whole[start : data.draw(st.integers(start + 1, len(whole)))].strip()
    assume(needle)
    with sqlite3.connect(":memory:") as sqlite:
        for form in ("NFC", "NFD", None):
            written = said if form is None else unicodedata.normalize(form, said)
            for content in (text(written), text(written.swapcase())):
                if matched(content, needle):
                    assert found_by(sqlite, content, needle), (content, needle, like_pattern(needle))


def test_every_text_of_a_content_is_read_and_nothing_else() -> None:
    content = {
        "blocks": [
            {"type": "document", "url": "https://x/y", "title": "T", "pages": [{"text": "P"}], "dpi": 3},
            {"type": "chat", "messages": [{"role": "system", "content": "S"}]},
        ]
    }
    assert list(texts_of(content)) == ["T", "P", "S"]
