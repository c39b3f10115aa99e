"""Do spans leave as CoNLL and as spaCy has them, and come back to the same characters?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import problems, question, read, record, text, values, write

from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.reading import BadFile
from steelyard.formats.tokens import tokens

MARKS = question("marks", "spans", "PER", "New place")
SIGNS = st.sampled_from("aB9é中 \n\t.-😀e\u0301👩\u200d🚒\u00a0")


def span(start: int, end: int, label: str = "PER") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def bare(task: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k != "id"} for one in task["gold"]["marks"]]


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A text and spans in it that overlap nowhere and end in no space."""
    shown = draw(st.text(SIGNS, min_size=1, max_size=25))
    borders = sorted(draw(st.sets(st.integers(0, len(shown)), max_size=6)))
    spans = []
    for start, end in zip(borders[::2], borders[1::2], strict=False):
        held = shown[start:end]
        if held.strip():
            lead = len(held) - len(held.lstrip())
            spans.append(
                span(
                    start + lead,
                    start + lead + len(held.strip()),
                    draw(st.sampled_from(["PER", "New place"])),
                )
            )
    return shown, spans


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(marked(), min_size=1, max_size=4))
def test_spans_come_back_to_the_same_characters(
    rows: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("spans")
    records = [record(n, [text(shown)], {"marks": spans}) for n, (shown, spans) in enumerate(rows)]
    for fmt in ("conll", "spacy"):
        written = write(base / fmt, fmt, (MARKS,), records)
        kept = [(shown, spans) for shown, spans in rows if fmt == "spacy" or shown.strip()]
        assert sum(written.rows.values()) == len(kept)
        back = values(base / fmt, fmt, (MARKS,))
        assert [(task["content"]["blocks"][0]["text"], bare(task)) for task in back] == kept


@settings(max_examples=50, deadline=None)
@given(shown=st.text(SIGNS, max_size=30), cuts=st.sets(st.integers(0, 30)))
def test_tokens_hold_everything_but_spaces(shown: str, cuts: set[int]) -> None:
    found = tokens(shown, cuts)
    assert "".join(shown[a:b] for a, b in found) == "".join(shown.split())
    assert all(not any(a < cut < b for cut in cuts) for a, b in found)


def test_words_and_signs_are_tokens() -> None:
    shown = "Zoë's e-mail: 👩\u200d🚒, re\u0301sume\u0301!"
    assert [shown[a:b] for a, b in tokens(shown)] == [
        "Zoë", "'", "s", "e", "-", "mail", ":", "👩\u200d", "🚒", ",", "re\u0301sume\u0301", "!"
    ]  # fmt: skip


def test_tags_are_bio_and_the_longer_of_two_stays(tmp_path: Path) -> None:
    shown = "Ada King met Bo"
    spans = [span(4, 8), span(0, 8, "New place"), span(13, 15), span(9, 99)]
    two = [text(shown), text("Bo, too")]
    records = [
        record(1, two, {"marks": [*spans, {**span(0, 2), "block": 1}]}, external_id="t"),
        record(2, [text(" ")], {}),
    ]
    written = write(tmp_path / "out", "conll", (MARKS,), records)
    assert written.rows == {"train": 2}
    assert written.left_out == {
        "spans that lie outside their text": 1, "spans that overlap a longer one": 1, "texts without a token": 1
    }  # fmt: skip
    assert (tmp_path / "out" / "train.conll").read_text() == (
        "Ada B-New_place\nKing I-New_place\nmet O\nBo B-PER\n\nBo B-PER\n, O\ntoo O\n\n"
    )
    first, second = values(tmp_path / "out", "conll", (MARKS,))
    assert (first["external_id"], second["external_id"]) == ("t", "t-1")
    assert bare(first) == [span(0, 8, "New place"), span(13, 15)]


def test_spans_that_touch_stay_apart(tmp_path: Path) -> None:
    write(
        tmp_path / "out", "conll", (MARKS,), [record(1, [text("a b")], {"marks": [span(0, 1), span(2, 3)]})]
    )
    (task,) = values(tmp_path / "out", "conll", (MARKS,))
    assert bare(task) == [span(0, 1), span(2, 3)]


def test_labels_that_would_become_one_are_refused(tmp_path: Path) -> None:
    spans = [span(0, 1, "New place"), span(1, 2, "New_place")]
    with pytest.raises(DoesNotFit, match="'New place' and 'New_place' are both 'New_place'"):
        write(tmp_path / "out", "conll", (MARKS,), [record(1, [text("ab")], {"marks": spans})])


@pytest.mark.parametrize(
    "tags",
    [
        "B-PER I-PER O B-PER",  # BIO
        "I-PER I-PER O I-PER",  # IOB1
        "B-PER E-PER O S-PER",  # BIOES
        "B-PER L-PER O U-PER",  # BILOU
    ],
)
def test_foreign_conll_is_read_in_any_scheme(tags: str, tmp_path: Path) -> None:
    rows = zip(["Ada", "King", "met", "Bo"], tags.split(), strict=True)
    lines = "-DOCSTART- -X- O O\n\n" + "\n".join(f"{word} NNP B-NP {tag}" for word, tag in rows) + "\n\n\n"
    (tmp_path / "eng.bio").write_text(lines)
    (task,) = values(tmp_path, "conll", (MARKS,))
    assert task["content"]["blocks"] == [text("Ada King met Bo")]
    assert (bare(task), task["metadata"]) == ([span(0, 8), span(13, 15)], {"split": "eng"})


def test_a_wrong_line_of_conll_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_bytes(b"a O\nb\n\nc X-PER\n\nd O\n\n\xff O\n\nlast B-PER\n")
    assert problems(tmp_path, "conll", (MARKS,)) == [
        "a.conll, line 1: line 2: holds a token without a tag: 'b'",
        "a.conll, line 4: line 4: 'X-PER' is no tag; there are O, B-LABEL and I-LABEL",
        "a.conll, line 8: line 8: is not UTF-8: byte 0xff",
    ]
    (tmp_path / "a.texts.jsonl").write_text('{"text": "a z"}\n{broken\n{"text": 7}\n')
    found = problems(tmp_path, "conll", (MARKS,))
    assert "line 2: is not JSON" in found[1].replace("a.texts.jsonl, ", "")
    assert "its text is missing beside the tokens" in found[2]
    (tmp_path / "a.conll").unlink()
    with pytest.raises(BadFile, match="holds no CoNLL file"):
        read(tmp_path, "conll", (MARKS,))


def test_spacy_in_its_older_forms(tmp_path: Path) -> None:
    rows = [
        ["Ada", {"entities": [[0, 3, "PER"]]}],
        {"text": "Ada", "ents": [{"start": 0, "end": 3, "label": "PER"}], "meta": {"source": "x"}},
        {"text": "Ada", "label": [[0, 3, "PER"]]},
        {"text": "nothing said"},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    back = values(tmp_path / "in.jsonl", "spacy", (MARKS,), "suggestion")
    assert [task.get("suggestion") for task in back] == [{"marks": [{"id": "1", **span(0, 3)}]}] * 3 + [None]
    assert back[1]["metadata"] == {"source": "x"}


def test_a_wrong_line_of_spacy_is_told_with_its_field(tmp_path: Path) -> None:
    rows = [
        {"text": "Ada", "spans": [{"start": 0, "end": 4, "label": "PER"}]},
        {"text": "Ada", "spans": [[0, 1, ""], [True, 2, "PER"], 7]},
        {"spans": []},
        {"text": "Ada", "spans": {}},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert problems(tmp_path / "in.jsonl", "spacy", (MARKS,)) == [
        "in.jsonl, line 1: spans[0]: 0 to 4 is no place in a text of 3 characters",
        "in.jsonl, line 2: spans[0]: label: is missing",
        "in.jsonl, line 2: spans[1]: start and end must be whole numbers",
        "in.jsonl, line 2: spans[2]: must be an object or [start, end, label]",
        "in.jsonl, line 3: text: is missing, or no text",
        "in.jsonl, line 4: spans: must be a list",
    ]
