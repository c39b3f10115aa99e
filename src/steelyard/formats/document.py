"""How does a report look that people print, sign and file?

One HTML file without a script or any outside resource, made to become a good PDF: A4, a head and page numbers
on every page, tables that repeat their heads. Light in print, readable on a dark screen. Everything that a
caller gives is text and is shown as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

MEDIA_TYPE = "text/html; charset=utf-8"
ROWS_AT_ONCE = 200
FEW_COLUMNS = 3  # stretched over a whole page they are hard to read across


@dataclass(frozen=True)
class Table:
    """Rows under columns. `rows` may be an iterator: it is read once, and never held whole.

    `numeric`, `code` and `whole` name columns by their place from 0: numbers stand right and get thousands
    separators, code (ids, digests) is set in a fixed width and may break anywhere, what is whole (times) is
    never broken. `totals` is a last row that stands out; None leaves its cell blank.
    """

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    numeric: Collection[int] = ()
    code: Collection[int] = ()
    whole: Collection[int] = ()
    caption: str = ""
    totals: Sequence[Any] | None = None
    empty: str = "None."


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, in this order."""

    title: str
    paragraphs: Sequence[str] = ()
    lists: Sequence[Sequence[str]] = ()
    code: str = ""  # shown line by line, as it is
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Document:
    """A title, what it is about in pairs of name and value, sections, and who signs it (a role each)."""

    title: str
    subtitle: str = ""
    about: Sequence[tuple[str, Any]] = ()
    sections: Iterable[Section] = ()
    signatures: Sequence[str] = ()


def render(document: Document) -> Iterator[str]:
    """The document as HTML, in pieces of any number and size; flat in memory when its rows are iterators."""
    yield _head(document)
    for section in document.sections:
        yield from _section(section)
    if document.signatures:
        yield from _signatures(document.signatures)
    yield "</main></body></html>\n"


def text(value: Any) -> str:
    """A value as text within HTML: escaped, without control characters, a dash where there is none."""
    if value is None or value == "":
        return "\u2013"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return html.escape(_CONTROL.sub("\ufffd", str(value)))


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _head(document: Document) -> str:
    style = _STYLE.replace("/*head*/", _page_boxes(document))
    subtitle = f'<p class="subtitle">{text(document.subtitle)}</p>' if document.subtitle else ""
    pairs = "".join(
        f"<div><dt>{text(name)}</dt><dd>{_lines(value)}</dd></div>" for name, value in document.about
    )
    about = f"<dl>{pairs}</dl>" if pairs else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        # The file stays what it is wherever it is opened: it can neither run nor fetch anything.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{text(document.title)}</title>'
        f"<style>{style}</style></head>\n<body><main>"
        f"<header><h1>{text(document.title)}</h1>{subtitle}{about}</header>\n"
    )


def _page_boxes(document: Document) -> str:
    """The running head and foot; the first page bears the title itself."""
    return (
        f"@page {{ @top-left {{ content: {_css_string(document.title)}; }} "
        f"@top-right {{ content: {_css_string(document.subtitle)}; }} }}"
    )


def _css_string(said: str) -> str:
    kept = (
        c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in _CONTROL.sub("", said)
    )
    return f'"{"".join(kept)}"'


def _section(section: Section) -> Iterator[str]:
    yield f"<section><h2>{text(section.title)}</h2>"
    yield "".join(f"<p>{_lines(said)}</p>" for said in section.paragraphs)
    for items in section.lists:
        yield "<ul>" + "".join(f"<li>{_lines(item)}</li>" for item in items) + "</ul>"
    if section.code:
        yield f"<pre>{text(section.code)}</pre>"
    for table in section.tables:
        yield from _table(table)
    yield "</section>\n"


def _table(table: Table) -> Iterator[str]:
    classes = [_class(table, at) for at in range(len(table.columns))]
    caption = f"<caption>{text(table.caption)}</caption>" if table.caption else ""
    heads = "".join(
        f'<th scope="col"{kind}>{text(name)}</th>' for name, kind in zip(table.columns, classes, strict=True)
    )
    small = ' class="small"' if len(classes) <= FEW_COLUMNS else ""
    yield f"<table{small}>{caption}<thead><tr>{heads}</tr></thead>\n<tbody>"
    rows = iter(table.rows)
    first = next(rows, None)
    if first is None:
        yield f'<tr><td class="empty" colspan="{len(classes)}">{text(table.empty)}</td></tr>'
    else:
        rest = chain([first], rows)
        while some := "".join(_row(row, classes, table.numeric) for row in islice(rest, ROWS_AT_ONCE)):
            yield some
    yield "</tbody>"
    if table.totals is not None:
        totals = [_Blank() if value is None else value for value in table.totals]
        yield f"<tfoot>{_row(totals, classes, table.numeric)}</tfoot>"
    yield "</table>\n"


class _Blank:
    """Nothing to say here, which is not the same as nothing known."""

    def __str__(self) -> str:
        return ""


def _class(table: Table, at: int) -> str:
    known = (("number", table.numeric), ("code", table.code), ("whole", table.whole))
    kinds = [name for name, places in known if at in places]
    return f' class="{" ".join(kinds)}"' if kinds else ""


def _row(values: Sequence[Any], classes: Sequence[str], numeric: Collection[int]) -> str:
    cells = (
        f"<td{kind}>{_number(value) if at in numeric else text(value)}</td>"
        for at, (value, kind) in enumerate(zip(values, classes, strict=True))
    )
    return f"<tr>{''.join(cells)}</tr>\n"


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else text(value)


def _lines(value: Any) -> str:
    """A value of which the line ends count."""
    return _number(value).replace("\n", "<br>")


def _signatures(roles: Sequence[str]) -> Iterator[str]:
    yield '<section class="signatures"><h2>Signatures</h2>'
    for role in roles:
        lines = "".join(f"<div><span></span>{name}</div>" for name in ("Name", "Date and place", "Signature"))
        yield f'<div class="signature"><p>{text(role)}</p><div class="lines">{lines}</div></div>'
    yield "</section>"


_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1b1f; --soft: #5c5c66; --line: #c9c9cf; --sunk: #f4f4f6; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #17181a; --text: #ececee; --soft: #a9abb3; --line: #44474d; --sunk: #232528; }
}
@page { size: A4; margin: 22mm 15mm 18mm;
  @top-left { font: 8pt system-ui, sans-serif; color: #5c5c66; }
  @top-right { font: 8pt system-ui, sans-serif; color: #5c5c66; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: #5c5c66; }
}
/*head*/
@page :first { margin-top: 18mm; @top-left { content: none; } @top-right { content: none; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { margin: 0; font-size: 1.75em; line-height: 1.2; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { margin: 2em 0 .5em; font-size: 1.2em; break-after: avoid; }
p, ul { margin: .5em 0; max-width: 75ch; }
li { margin: .2em 0; }
.subtitle { color: var(--soft); }
dl { margin: 1.5em 0 0; border-top: 1px solid var(--line); }
dl div { display: grid; grid-template-columns: minmax(9em, 24%) 1fr; gap: 1em; padding: .3em 0;
  border-bottom: 1px solid var(--line); break-inside: avoid; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: .75em 0; padding: .75em 1em; background: var(--sunk);
  white-space: pre-wrap; overflow-wrap: anywhere; }
pre, td.code { font-family: ui-monospace, "Liberation Mono", Menlo, Consolas, monospace; font-size: .85em; }
table { width: 100%; margin: 1em 0; border-collapse: collapse; font-size: .9em; }
caption { padding: 0 0 .4em; color: var(--soft); text-align: left; }
th, td { padding: .35em 1em .35em 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
th { color: var(--soft); font-weight: 600; }
td { overflow-wrap: break-word; }
td.code { min-width: 13ch; overflow-wrap: anywhere; }
td.whole { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { white-space: normal; }
.small { width: auto; min-width: 50%; }
.empty { color: var(--soft); }
tfoot td { border-top: 2px solid var(--text); border-bottom: 0; font-weight: 600; }
tfoot td.code { font: inherit; font-weight: 600; }
.signatures { break-inside: avoid; }
.signature { margin: 0 0 1em; break-inside: avoid; }
.lines { display: grid; grid-template-columns: 2fr 2fr 3fr; gap: 2em; color: var(--soft); font-size: .85em; }
.lines span { display: block; height: 3.2em; border-bottom: 1px solid var(--text); }
@media print {
  :root { color-scheme: light; --ground: #fff; --text: #000; --soft: #4a4a52; --line: #b9b9bf; --sunk: #f4f4f6; }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  tr { break-inside: avoid; }
  table { font-size: 8pt; }
  tbody td.code { font-size: 7pt; }
}
@media screen and (max-width: 640px) {
  main { padding: 24px 16px; overflow-x: auto; }
  dl div { grid-template-columns: 1fr; gap: 0; }
}
"""
