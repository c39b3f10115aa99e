"""Which file formats are there?

The only list of them: the commands, their help and the table in the docs are all read from here.
"""

from __future__ import annotations

from functools import cache

from steelyard.domain.errors import invalid
from steelyard.formats.file_format import FileFormat


@cache
def file_formats() -> dict[str, FileFormat]:
    """All of them by name."""
    from steelyard.formats import chat_formats, picture_formats, span_formats, table_formats

    families = (table_formats, chat_formats, picture_formats, span_formats)
    return {one.name: one for family in families for one in family.FORMATS}


def find_format(name: str) -> FileFormat:
    """The format of this name. Raises `Invalid`, which lists those that there are."""
    found = file_formats().get(name)
    if found is None:
        raise invalid(
            "/format", "format", f"there is no format {name!r}; there are {', '.join(file_formats())}"
        )
    return found
