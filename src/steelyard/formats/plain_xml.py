"""How is XML of strangers read? Without anything that XML can do beside elements and text.

A document type is refused before anything of it is read: entities, bombs and files of others come by it.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from steelyard.formats.reading import BadFile, bounded

LIMIT = 10_000_000
DEEPEST = 30


class _Refused(Exception):
    """What the document holds that is not read."""


def parse(path: Path) -> Element:
    """The root of an XML file. Raises `BadFile`, `TooLarge`."""
    builder, depth = TreeBuilder(), 0

    def doctype(*_: object) -> None:
        raise _Refused("declares a document type, which is not read")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise _Refused(f"is nested deeper than {DEEPEST} levels")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(bounded(path, LIMIT), True)
        return builder.close()
    except (expat.ExpatError, _Refused, ValueError, LookupError) as wrong:
        raise BadFile(path.name, str(wrong)) from None
