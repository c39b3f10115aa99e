"""Do boxes and polygons leave as YOLO and Pascal VOC, and come back where they were?"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.records import image, png, problems, question, read, record, values, write

from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.reading import BadFile

BOXES = question("found", "boxes", "cat", "dög: 'x' 😀")
RINGS = question("outlines", "polygons")
spots = st.floats(0, 40, allow_subnormal=False).map(lambda n: round(n, 3))


def box(label: str, *numbers: float, **more: Any) -> dict[str, Any]:
    return {"label": label, **dict(zip(("x", "y", "width", "height"), numbers, strict=True)), **more}


def bare(task: Any, name: str = "found") -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k != "id"} for one in task["gold"][name]]


def near(shapes: list[dict[str, Any]]) -> list[Any]:
    return [pytest.approx(shape, abs=1e-5) for shape in shapes]


@pytest.mark.parametrize("fmt", ["yolo", "yolo-obb", "voc"])
def test_boxes_come_back(fmt: str, tmp_path: Path) -> None:
    shapes = [box("dög: 'x' 😀", 0, 0, 40, 30), box("cat", 1.5, 2.25, 10, 5)]
    records = [
        record(1, [image()], {"found": shapes}, external_id="one"),
        record(2, [image("blob:2")], {"found": []}),
    ]
    written = write(tmp_path / "out", fmt, (BOXES,), records)
    assert written.rows == {"train": 2}
    tasks = {task["external_id"].split("/")[-1]: task for task in values(tmp_path / "out", fmt, (BOXES,))}
    first, second = (
        tasks[name] for name in (("one", f"{2:024x}") if fmt == "voc" else ("one.png", f"{2:024x}.png"))
    )
    assert bare(first) == near(shapes)
    assert (bare(second), second["metadata"]) == ([], {"split": "train"})
    assert first["content"]["blocks"][0]["url"].startswith("data:image/png;base64,")


@settings(max_examples=20, deadline=None)
@given(
    boxes=st.lists(st.tuples(st.sampled_from(["cat", "new one"]), spots, spots, spots, spots), max_size=4),
    rings=st.lists(st.lists(st.tuples(spots, spots), min_size=3, max_size=6), max_size=3),
)
@example(boxes=[("cat", 0.0, 1.688, 0.0, 0.0)], rings=[])  # 1.688 + 1 - 1 is a little less than 1.688
def test_any_shape_comes_back(
    boxes: list[Any], rings: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("shapes")
    found = [box(*one) for one in boxes]
    outlines = [{"label": "a", "points": [list(point) for point in ring]} for ring in rings]
    for fmt in ("yolo", "voc"):
        write(base / fmt, fmt, (BOXES,), [record(1, [image()], {"found": found})])
        (task,) = values(base / fmt, fmt, (BOXES,))
        assert bare(task) == near(found)
    write(base / "rings", "yolo", (RINGS,), [record(1, [image()], {"outlines": outlines})])
    (task,) = values(base / "rings", "yolo", (RINGS,))
    for back, shape in zip(bare(task, "outlines"), outlines, strict=True):
        flat, expected = ([n for point in one["points"] for n in point] for one in (back, shape))
        assert flat == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("fmt", ["coco", "yolo", "voc"])
def test_pictures_of_the_same_name_do_not_meet(fmt: str, tmp_path: Path) -> None:
    names = ["one", "one.png", "../one", "CON", "a b", "one.gif"]
    records = [
        record(n, [image()], {"found": [box("cat", n, 0, 1, 1)]}, external_id=name)
        for n, name in enumerate(names)
    ]
    records.append(
        record(9, [image(), image("blob:2")], {"found": [box("cat", 9, 0, 1, 1)]}, external_id="one")
    )
    written = write(tmp_path / "out", fmt, (BOXES,), records)
    assert written.rows == {"train": 8}
    found = [shape["x"] for task in values(tmp_path / "out", fmt, (BOXES,)) for shape in bare(task)]
    assert sorted(found) == near_numbers(0, 1, 2, 3, 4, 5, 9)


def near_numbers(*numbers: float) -> Any:
    return pytest.approx(list(numbers), abs=1e-5)


def test_turned_boxes_go_where_there_is_room_for_them(tmp_path: Path) -> None:
    shapes = [box("cat", 5, 6, 10, 4, rotation=30.0), box("cat", 1, 1, 2, 2)]
    records = [record(1, [image()], {"found": shapes})]
    write(tmp_path / "obb", "yolo-obb", (BOXES,), records)
    (task,) = values(tmp_path / "obb", "yolo-obb", (BOXES,))
    assert bare(task) == near(shapes)
    for fmt in ("yolo", "voc"):
        written = write(tmp_path / fmt, fmt, (BOXES,), records)
        assert sum(written.left_out.values()) == 1
        (task,) = values(tmp_path / fmt, fmt, (BOXES,))
        assert bare(task) == near(shapes[1:])


def test_yolo_says_where_its_splits_are(tmp_path: Path) -> None:
    records = [record(n, [image("blob:2")], {"found": [box("cat", 2, 3, 4, 6)]}) for n in range(30)]
    shares = {"train": 0.5, "validation": 0.3, "test": 0.2}
    written = write(tmp_path / "out", "yolo", (BOXES,), records, shares=shares)
    said = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text("utf-8"))
    assert said == {
        "path": ".", "train": "images/train", "val": "images/validation", "test": "images/test",
        "names": {0: "cat", 1: "dög: 'x' 😀"},
    }  # fmt: skip
    for split, rows in written.rows.items():
        labels = list((tmp_path / "out" / "labels" / split).iterdir())
        assert len(labels) == len(list((tmp_path / "out" / "images" / split).iterdir())) == rows
        assert labels[0].read_text() == "0 0.5 0.6666666667 0.5 0.6666666667\n"


def test_voc_counts_pixels_as_its_devkit(tmp_path: Path) -> None:
    shape = box("cat", 0, 0, 40, 30, attributes={"difficult": True})
    write(tmp_path / "out", "voc", (BOXES,), [record(1, [image()], {"found": [shape]}, external_id="a")])
    root = ElementTree.parse(tmp_path / "out" / "Annotations" / "a.xml").getroot()
    assert [e.text for e in root.find("object/bndbox") or ()] == ["1", "1", "40", "30"]
    assert [e.text for e in root.find("size") or ()] == ["40", "30", "3"]
    assert (tmp_path / "out" / "ImageSets" / "Main" / "train.txt").read_text() == "a\n"
    (task,) = values(tmp_path / "out", "voc", (BOXES,))
    assert bare(task) == [shape]
    odd = question("found", "boxes", "a\x01b")
    with pytest.raises(DoesNotFit, match="holds a character that XML cannot"):
        write(tmp_path / "odd", "voc", (odd,), [record(1, [image()], {"found": [box("a\x01b", 0, 0, 1, 1)]})])


def yolo(folder: Path, labels: str, names: str = "names: [cat]") -> Path:
    for below in ("images", "labels"):
        (folder / below).mkdir(parents=True)
    (folder / "images" / "a.png").write_bytes(png(10, 10))
    (folder / "labels" / "a.txt").write_text(labels)
    (folder / "data.yaml").write_text(names)
    return folder


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 .5 .5", "has 2 numbers"),
        ("7 .5 .5 1 1", "there is no class 7"),
        ("cat .5 .5 1 1", "is not a class and numbers: 'cat"),
        ("0 .5 .5 1 nan", "not finite"),
    ],
)
def test_a_wrong_label_is_told_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    place = yolo(tmp_path / "in", f"0 .5 .5 1 1\n\n{line}\n")
    (found,) = problems(place, "yolo", (BOXES,))
    assert found.startswith("labels/a.txt: line 3: ")
    assert said in found


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("names: {a: b}", "each by its number"),
        ("names: [a", "is not YAML"),
        ("a: &x [1]\nnames: *x", "holds an alias"),
        ("names: !!python/object/apply:os.system [id]", "is not YAML"),
        ("nc: 3", "names: must be"),
    ],
)
def test_a_description_that_cannot_be_read_is_refused(names: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=said):
        read(yolo(tmp_path / "in", "", names), "yolo", (BOXES,))


OBJECT = "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>{}</xmax><ymax>9</ymax></bndbox></object>"


def voc(folder: Path, inside: str, head: str = "") -> Path:
    for below in ("Annotations", "JPEGImages"):
        (folder / below).mkdir(parents=True)
    (folder / "JPEGImages" / "a.png").write_bytes(png(10, 10))
    xml = f"{head}<annotation><filename>a.png</filename>{inside}</annotation>"
    (folder / "Annotations" / "a.xml").write_text(xml)
    return folder


@pytest.mark.parametrize(
    ("head", "inside", "said"),
    [
        ("", OBJECT.format("x"), "object 1: bndbox.xmax: 'x' is no number"),
        ("", OBJECT.format("-5"), "object 1: bndbox: ends before it begins"),
        ("", "<object><name>cat</name></object>", "object 1: bndbox: is missing"),
        ("", "<object/>", "object 1: name: is missing"),
        ("", "<object>", "mismatched tag"),
        ("", "<a>" * 40, "is nested deeper"),
        ('<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]>', "&c;", "declares a document type"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', "&b;", "declares a document type"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">', "", "declares a document type"),
        ('<?xml version="1.0" encoding="nonsense"?>', "", "unknown encoding"),
    ],
)
def test_wrong_and_hostile_xml_is_refused_with_its_file(
    head: str, inside: str, said: str, tmp_path: Path
) -> None:
    (found,) = problems(voc(tmp_path / "in", inside, head), "voc", (BOXES,))
    assert found.startswith("a.xml: ")
    assert said in found


def test_voc_never_leaves_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(1, 1))
    place = voc(tmp_path / "in", "")
    path = place / "Annotations" / "a.xml"
    path.write_text(path.read_text().replace("a.png", "../../secret.png"))
    (found,) = problems(place, "voc", (BOXES,))
    assert "there is no picture '../../secret.png'" in found
