"""What does a CSV file promise? It reads back as it was, and nothing in it is run by a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from steelyard.formats.separated import lines


def read_back(columns: list[str], rows: list[list]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines(columns, rows)), newline="")))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "  ="])
def test_a_cell_that_begins_like_a_formula_is_text(begin: str) -> None:
    cell = begin + 'HYPERLINK("http://x","y")'
    assert read_back([cell], [[cell]]) == [["'" + cell], ["'" + cell]]


def test_everything_else_reads_back_as_it_was() -> None:
    rows = [['quote " comma , line\nend', "\u00dcn\u00efcode", 5, -5, None, "a=b"]]
    assert read_back(list("abcdef"), rows)[1] == [
        'quote " comma , line\nend',
        "\u00dcn\u00efcode",
        "5",
        "-5",
        "",
        "a=b",
    ]


def test_many_rows_come_in_pieces() -> None:
    pieces = list(lines(["n"], ([n] for n in range(1000))))
    assert len(pieces) > 3
    assert "".join(pieces).split() == ["n", *map(str, range(1000))]
