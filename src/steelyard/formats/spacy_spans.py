"""How do spans leave as JSON Lines of texts with marked places, as spaCy and Prodigy have them?

`text`, `spans` with start, end and label in code points, and `meta`. What overlaps stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from steelyard.formats.record import Record, Written
from steelyard.formats.span_answers import label_of, texts_with_spans
from steelyard.formats.writing import LineFiles, Writing


def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
    """Writes the answered tasks; rows are texts."""
    written = Written()
    (question,) = writing.questions
    with LineFiles(folder) as files:
        for record, index, text, spans in texts_with_spans(records, writing, written):
            split = writing.split(record)
            marked = [{"start": s["start"], "end": s["end"], "label": label_of(s, question)} for s in spans]
            meta = {"id": record.id, "external_id": record.external_id, "block": index}
            files.write(
                split, {"text": text, "spans": marked, "meta": meta | {"confidence": record.confidence}}
            )
            written.add(split)
        if not written.rows:
            files.file("train")
    return written
