"""How do boxes and polygons leave for YOLO?

`images/SPLIT/`, `labels/SPLIT/` with a text file a picture, and `data.yaml`, as Ultralytics reads them: class and
numbers from 0 to 1 on each line; a box by its middle and size, a polygon or a turned box by its corners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from steelyard.domain.form import Question
from steelyard.formats import geometry
from steelyard.formats.huggingface_head import quoted
from steelyard.formats.record import Record, Written, answered
from steelyard.formats.shapes import BROKEN, Labels, Shape, is_sound, label_of, on_picture, pictures
from steelyard.formats.writing import NO_PICTURE, Placed, Spool, Writing, place_picture

TURNED = "turned boxes, which only yolo-obb holds"
_KEYS = {"train": "train", "validation": "val", "val": "val", "test": "test"}


def writer(*, turned: bool) -> Callable[[Path, Iterable[Record], Writing], Written]:
    """The writer of `yolo`, or of `yolo-obb`, where every box is given by its corners."""

    def write(folder: Path, records: Iterable[Record], writing: Writing) -> Written:
        written = Written()
        (question,) = writing.questions
        labels = Labels(writing.questions)
        with Spool(answered(records, written)) as spool:
            labels.seen(spool.first())
            classes = {name: number for number, name in enumerate(labels.of(question))}
            for record in spool.again():
                split = writing.split(record)
                for index in pictures(record):
                    placed = place_picture(writing, record, index, folder / "images" / split)
                    if placed is None:
                        written.leave(NO_PICTURE)
                        continue
                    lines = list(_lines(record, question, index, placed, classes, turned, written))
                    path = folder / "labels" / split / f"{Path(placed.name).stem}.txt"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text("".join(lines), "ascii")
                    written.add(split)
        (folder / "data.yaml").write_text("".join(_yaml(list(classes), written)), "utf-8")
        return written

    return write


def _lines(
    record: Record,
    question: Question,
    index: int,
    placed: Placed,
    classes: dict[str, int],
    turned: bool,
    written: Written,
) -> Iterator[str]:
    size = placed.picture.width, placed.picture.height
    for shape in on_picture(record, question, index):
        if not is_sound(question.kind, shape):
            written.leave(BROKEN)
        elif question.kind == "boxes" and shape.get("rotation") and not turned:
            written.leave(TURNED)
        else:
            numbers = _numbers(question.kind, shape, turned)
            scaled = (f"{n / size[place % 2]:.10g}" for place, n in enumerate(numbers))
            yield f"{classes[label_of(shape, question)]} {' '.join(scaled)}\n"


def _numbers(kind: str, shape: Shape, turned: bool) -> list[float]:
    """x and y in turn, in pixels."""
    if kind == "polygons" or turned:
        ring = shape["points"] if kind == "polygons" else geometry.corners(shape)
        return [n for point in ring for n in point]
    x, y, width, height = shape["x"], shape["y"], shape["width"], shape["height"]
    return [x + width / 2, y + height / 2, width, height]


def _yaml(names: list[str], written: Written) -> Iterator[str]:
    yield "path: .\n"
    told = {_KEYS.get(split, split): split for split in written.rows}
    told.setdefault("train", next(iter(written.rows), "train"))
    told.setdefault(
        "val", told.get("test", told["train"])
    )  # it must be named; what is missing is another again
    for key, split in told.items():
        yield f"{key}: images/{split}\n"
    yield "names:\n" if names else "names: {}\n"
    yield from (f"  {number}: {quoted(name)}\n" for number, name in enumerate(names))
