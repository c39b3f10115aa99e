"""What does a printable document promise? Text stays text, nothing is fetched, and rows are never held whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from steelyard.formats.document import Document, Section, Table, render

NASTY = '</style><script>alert("1")</script> & \'"\n<img src=x onerror=y>'


def made(**more: object) -> str:
    return "".join(render(Document("Exposure of Acme", **more)))  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Every tag with its attributes, and that each one is closed."""

    VOID = ("meta", "br")

    def __init__(self, document: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_whatever_a_caller_gives_is_shown_as_text() -> None:
    table = Table([NASTY], [[NASTY]], caption=NASTY, totals=[NASTY])
    section = Section(NASTY, [NASTY], [[NASTY]], NASTY, [table, Table(["a"], [], empty=NASTY)])
    document = made(subtitle=NASTY, about=[(NASTY, NASTY)], sections=[section], signatures=[NASTY])
    found = Tags(document)
    assert not {"script", "img", "a", "link", "iframe"} & {tag for tag, _ in found.seen}
    assert "</style><script>" not in document
    assert "".join(found.words).count('<script>alert("1")</script>') == 13, "all of it can be read"


def test_it_runs_nothing_and_fetches_nothing() -> None:
    document = made(sections=[Section("One", ["p"], tables=[Table(["a"], [["1"]])])])
    found = Tags(document)
    assert not re.search(r"url\(|@import|https?:|src=|href=", document)
    policies = [attributes["content"] for tag, attributes in found.seen if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_running_head_cannot_break_out_of_the_style_sheet() -> None:
    document = "".join(render(Document('A "quoted" \\ title; } body { display: none', "\u00dcber</style>")))
    head = next(line for line in document.splitlines() if "@top-left { content" in line)
    assert re.fullmatch(
        r'@page \{ @top-left \{ content: "[^"}<;]*"; \} @top-right \{ content: "[^"}<;]*"; \} \}', head
    )


def test_numbers_stand_right_with_separators_and_codes_in_fixed_width() -> None:
    table = Table(
        ["id", "n", "flag"],
        [["abc", 1234567, True], ["d", None, False]],
        numeric={1},
        code={0},
        totals=["All", 9, None],
    )
    document = made(sections=[Section("S", tables=[table])])
    assert '<td class="code">abc</td><td class="number">1,234,567</td><td>yes</td>' in document
    assert '<td class="number">\u2013</td><td>no</td>' in document
    assert '<tfoot><tr><td class="code">All</td><td class="number">9</td><td></td></tr>' in document


def test_an_empty_table_says_so() -> None:
    document = made(sections=[Section("S", tables=[Table(["a", "b"], iter(()), empty="Nothing was shown.")])])
    assert '<td class="empty" colspan="2">Nothing was shown.</td>' in document


def test_a_row_of_the_wrong_length_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        made(sections=[Section("S", tables=[Table(["a", "b"], [["1"]])])])


def test_rows_are_written_as_they_are_read() -> None:
    read = 0

    def rows() -> Iterator[list[int]]:
        nonlocal read
        for read in range(1, 10_001):
            yield [read]

    ahead = [
        (len(piece), read)
        for piece in render(Document("T", sections=[Section("S", tables=[Table(["n"], rows())])]))
    ]
    assert max(size for size, _ in ahead) < 20_000
    assert len({at for _, at in ahead}) > 10, "pieces leave long before the last row is read"


def test_control_characters_and_halves_of_surrogates_do_not_get_in() -> None:
    document = made(about=[("a\x00b\x1b", "c\ud800d")])
    document.encode()
    assert "a\ufffdb\ufffd" in document
    assert "\x00" not in document


def test_there_is_a_line_to_sign_for_each_role() -> None:
    document = made(signatures=["Data protection officer", "Head of data"])
    assert document.count('class="signature"') == 2
    assert "Data protection officer" in document
