"""A table's row becomes the task that its columns say, and what is wrong is told where it stands in the file."""

from __future__ import annotations

import datetime
import decimal
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steelyard import forms
from steelyard.domain.errors import Invalid, TooLarge
from steelyard.formats import csv_rows as csv_module
from steelyard.formats.csv_rows import csv_rows
from steelyard.formats.parquet_rows import parquet_rows
from steelyard.formats.rows import Row
from steelyard.work.draft import Draft, check_task

FORM = forms.parse_form(
    {
        "questions": [
            {"name": "label", "kind": "choice", "options": ["cat", "dog"], "required": False},
            {"name": "legs", "kind": "number", "required": False},
            {"name": "cute", "kind": "rating", "min": 1, "max": 5, "required": False},
            {"name": "tricks", "kind": "choices", "options": ["sit", "roll"], "required": False},
            {"name": "words", "kind": "text", "required": False},
        ]
    }
)


def read(text: str | bytes) -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    return list(csv_rows(io.BytesIO(data), FORM))


def values(text: str | bytes) -> list[Any]:
    rows = read(text)
    assert [row.problems for row in rows if row.problems] == []
    return [row.value for row in rows]


def refused(text: str | bytes) -> str:
    with pytest.raises(Invalid) as wrong:
        read(text)
    return wrong.value.message


def blocks(*texts: str) -> dict[str, Any]:
    return {"blocks": [{"type": "text", "text": text} for text in texts]}


def test_every_column_has_its_place() -> None:
    found = values(
        "external_id,text,image,text.2,priority,tags,metadata.source,gold.label,gold.legs,gold.cute,gold.tricks,"
        "gold.words,suggestion.label,batch,skills,languages,training,assign_to.team\n"
        "7,hello,https://example.com/a.png,bye,5,a; b,web,cat,4,3,sit;roll,007,dog,Monday,birds,de;en,yes,Night\n"
    )
    assert found == [
        {
            "external_id": "7",
            "content": {
                "blocks": [
                    {"type": "text", "text": "hello"},
                    {"type": "image", "url": "https://example.com/a.png"},
                    {"type": "text", "text": "bye"},
                ]
            },
            "priority": 5,
            "tags": ["a", "b"],
            "metadata": {"source": "web"},
            "gold": {"label": "cat", "legs": 4, "cute": 3, "tricks": ["sit", "roll"], "words": "007"},
            "suggestion": {"label": "dog"},
            "batch": "Monday",
            "skills": ["birds"],
            "languages": ["de", "en"],
            "training": True,
            "assign_to": {"team": "Night"},
        }
    ]
    assert isinstance(check_task(found[0], 0, FORM, lambda url, pointer: url), Draft)


def test_json_stands_in_a_cell_where_the_column_holds_json() -> None:
    text = 'content,metadata,tags\n"{""blocks"": [{""type"": ""text"", ""text"": ""x""}]}","{""a"": 1}","[""p;q""]"\n'
    assert values(text) == [{"content": blocks("x"), "metadata": {"a": 1}, "tags": ["p;q"]}]


def test_an_empty_cell_is_no_value() -> None:
    assert values("text,text.2,gold.label,metadata.a\n,x,,\n") == [{"content": blocks("x")}]


def test_a_file_as_spreadsheets_write_it() -> None:
    text = b'\xef\xbb\xbf"text";"tags"\r\n"two\r\nlines, ""quoted""";"a"\r\n\r\n"caf\xc3\xa9";\r\n'
    rows = read(text)
    assert [row.value["content"]["blocks"][0]["text"] for row in rows] == ['two\r\nlines, "quoted"', "café"]
    assert [row.line for row in rows] == [2, 5]  # where a row begins, as an editor counts
    assert values("text\ttags\nx\ta\n") == [{"content": blocks("x"), "tags": ["a"]}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no header"),
        ("\n\n", "there is no header"),
        ("text,labl\nx,y\n", "'labl'; there are external_id, content,"),
        ("text,gold.colour\nx,y\n", "the questions being 'label', 'legs'"),
        ("text,text\nx,y\n", "there are two columns 'text'"),
        ("external_id,tags\n1,a\n", "no column with a content"),
        ("content,text\n,\n", "stands beside 'text'"),
        ("text,gold,gold.label\n,,\n", "given whole and by columns"),
        ("text\n".encode("utf-16"), "is UTF-16"),
        (b"te\xe9xt\nx\n", "line 1 is not UTF-8 (byte 0xe9)"),
        ('"text\nx\n', "line 1 is not CSV"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_before_any_row(text: str | bytes, said: str) -> None:
    assert said in refused(text)


def test_a_header_alone_is_no_task() -> None:
    assert read("text\n") == []


def test_a_wrong_row_says_its_line_and_column_and_the_others_are_read() -> None:
    rows = read(
        b"text,priority,metadata,gold.label\n"
        b"fine,1,,\n"
        b"caf\xe9,,,\n"
        b"x,2\n"
        b'x,,"{""a"": ",\n'
        b",1,,\n"
        b'"a"b,,,\n'
        b"x,high,,fox\n"
        b"also fine,,,\n"
    )
    told = [(row.line, p.pointer, p.code, row.column_of(p.pointer)) for row in rows for p in row.problems]
    assert told == [
        (3, "", "encoding", "text"),
        (4, "", "cells", None),
        (5, "/metadata", "json", "metadata"),
        (6, "/content", "required", None),
        (7, "", "csv", None),
    ]
    problems = check_task(rows[6].value, 6, FORM, lambda url, pointer: url)
    assert isinstance(problems, list)
    assert [rows[6].column_of(p.pointer) for p in problems] == ["priority", "gold.label"]
    assert not rows[7].problems


def test_a_cell_may_be_huge_but_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = "x" * 1_000_000
    assert values(f'text\n"{huge}"\n') == [{"content": blocks(huge)}]
    monkeypatch.setattr(csv_module, "CELL_LIMIT", 10_000)
    with pytest.raises(TooLarge):
        read(f"text\n{huge}\n")
    with pytest.raises(TooLarge):
        read('text\n"' + "x\n" * 10_000)


def test_nul_is_told_in_its_row() -> None:
    (row,) = read(b"text,tags\na\x00b,\n")
    assert [(p.pointer, p.code) for p in row.problems] == [("/content/blocks/0/text", "text")]


# --- Parquet


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def rows_in(data: bytes) -> list[Row]:
    return list(parquet_rows(io.BytesIO(data), FORM))


def test_typed_columns_come_in_as_what_they_are() -> None:
    data = parquet(
        **{
            "external_id": pa.array([1, 2]),
            "text": pa.array(["a", None]).dictionary_encode(),
            "html": pa.array([None, "<b>"]),
            "priority": pa.array([1.0, float("nan")]),
            "tags": pa.array([["x", "y"], None]),
            "metadata.n": pa.array([1.5, 2.0]),
            "metadata.at": pa.array([datetime.datetime(2026, 3, 1, 10), None], pa.timestamp("us")),
            "metadata.price": pa.array([decimal.Decimal("1.50"), None]),
            "gold.label": pa.array(["cat", ""]),
            "training": pa.array([True, None]),
        }
    )
    first, second = rows_in(data)
    assert first.value == {
        "external_id": "1",
        "content": blocks("a"),
        "priority": 1,
        "tags": ["x", "y"],
        "metadata": {"n": 1.5, "at": "2026-03-01T10:00:00.000Z", "price": "1.50"},
        "gold": {"label": "cat"},
        "training": True,
    }
    assert second.value == {
        "external_id": "2",
        "content": {"blocks": [{"type": "html", "text": "<b>"}]},
        "metadata": {"n": 2.0},
    }
    assert (first.line, first.column_of("/gold/label")) == (None, "gold.label")


def test_a_content_may_be_a_struct() -> None:
    kinds = [{"blocks": [{"type": "text", "text": "x", "url": None}]}]
    (row,) = rows_in(parquet(content=pa.array(kinds)))
    assert row.value == {"content": blocks("x")}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a whole Parquet file"),
        (b"text\nx\n" * 10, "is not a whole Parquet file"),
        (parquet(text=["x"] * 100)[:-20], "is not a whole Parquet file"),
        (parquet(text=[b"x"]), "holds bytes"),
        (parquet(words=["x"]), "'words'"),
    ],
)
def test_what_is_no_table_of_tasks_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        rows_in(data)


def test_a_damaged_page_says_after_which_row() -> None:
    whole = parquet(text=[f"text {n}" for n in range(5000)])
    damaged = whole[:100] + bytes(len(whole) // 2) + whole[100 + len(whole) // 2 :]
    with pytest.raises(Invalid, match=r"cannot be read after row 0|column text"):
        rows_in(damaged)


def test_a_column_of_another_type_is_told_as_the_task_tells_it() -> None:
    (row,) = rows_in(parquet(text=pa.array([5])))
    problems = check_task(row.value, 0, FORM, lambda url, pointer: url)
    assert isinstance(problems, list)
    assert [(p.pointer, row.column_of(p.pointer)) for p in problems] == [("/content/blocks/0/text", "text")]
