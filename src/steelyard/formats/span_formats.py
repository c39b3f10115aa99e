"""Which formats hold spans of texts?"""

from __future__ import annotations

from steelyard.formats import conll, conll_read, spacy_read, spacy_spans
from steelyard.formats.file_format import FileFormat

_LOST = (
    "other blocks, tags, metadata, ids and attributes of spans; a task with several texts comes back as one for each; "
    "a span without a label gets the question's name"
)

FORMATS = (
    FileFormat(
        "conll",
        "CoNLL: token and BIO tag, two columns; the texts themselves beside, in `SPLIT.texts.jsonl`",
        kinds=("spans",),
        shows="text",
        loses=f"{_LOST}; of spans that overlap the longest stays; spaces at the ends of a span; a space in a label "
        "is _ unless the form has the label; texts of spaces alone; confidence",
        write=conll.write,
        read=conll_read.read,
        one=True,
    ),
    FileFormat(
        "spacy",
        "JSON Lines of `text` and `spans`, as spaCy and Prodigy have them",
        kinds=("spans",),
        shows="text",
        loses=_LOST,
        write=spacy_spans.write,
        read=spacy_read.read,
        one=True,
    ),
)
