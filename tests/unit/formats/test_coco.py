"""Do shapes leave as COCO and come back where they were?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import image, problems, question, read, record, text, values, write

from steelyard.formats import geometry, rle
from steelyard.formats.fitting import DoesNotFit
from steelyard.formats.reading import BadFile

BOXES = question("found", "boxes", "cat", "dog")
RINGS = question("outlines", "polygons")
MASK = question("sky", "mask", "sky")
JOINTS = question("joints", "points", "nose", "tail")
ALL = (BOXES, RINGS, MASK, JOINTS)


def loaded(folder: Path, split: str = "train") -> Any:
    return json.loads((folder / "annotations" / f"{split}.json").read_bytes())


def without_ids(answers: dict[str, list[Any]]) -> Any:
    return {
        name: [{k: v for k, v in one.items() if k != "id"} for one in shapes]
        for name, shapes in answers.items()
    }


ANSWERS = {
    "found": [
        {"id": "1", "label": "dog", "x": 1.5, "y": 2, "width": 10, "height": 5},
        {
            "id": "2",
            "label": "cat",
            "x": 0,
            "y": 0,
            "width": 4,
            "height": 4,
            "attributes": {"iscrowd": True, "far": 1},
        },
    ],
    "outlines": [
        {"id": "3", "label": "hill", "points": [[0, 0], [4, 0], [0, 3]]},
        {
            "id": "4",
            "label": "lake",
            "points": [[5, 5], [9, 5], [9, 9], [5, 9]],
            "attributes": {"part_of": "7"},
        },
        {"id": "5", "label": "lake", "points": [[15, 5], [19, 5], [19, 9]], "attributes": {"part_of": "7"}},
    ],
    "sky": [{"id": "6", "label": "sky", "rle": {"size": [30, 40], "counts": rle.pack([3, 5, 1192])}}],
    "joints": [
        {"label": "nose", "x": 3, "y": 4, "attributes": {"instance": "a", "visibility": 1}},
        {"label": "tail", "x": 9, "y": 8, "attributes": {"instance": "a", "visibility": 2}},
        {"label": "nose", "x": 5, "y": 5, "attributes": {"instance": "b", "visibility": 2}},
    ],
}


def test_every_kind_of_shape_comes_back(tmp_path: Path) -> None:
    records = [
        record(1, [text("look"), image()], ANSWERS, external_id="one"),
        record(2, [image("blob:2")], {"found": []}),
        record(3, [image("blob:elsewhere")], {"found": []}),
    ]
    written = write(tmp_path / "out", "coco", ALL, records)
    assert (written.rows, sum(written.left_out.values())) == ({"train": 2}, 1)
    first, second = values(tmp_path / "out", "coco", ALL)
    assert (first["external_id"], first["metadata"]) == ("one", {"split": "train"})
    assert first["content"]["blocks"][0]["url"].startswith("data:image/png;base64,")
    expected = json.loads(json.dumps(without_ids(ANSWERS)))
    back = without_ids(first["gold"])
    things = {shape["attributes"].pop("part_of") for shape in back["outlines"] if "attributes" in shape}
    assert len(things) == 1
    for shape in expected["outlines"][1:]:
        shape["attributes"] = {}
    instances = [shape["attributes"].pop("instance") for shape in back["joints"]]
    assert instances[0] == instances[1] != instances[2]
    for shape in expected["joints"]:
        del shape["attributes"]["instance"]
    assert back == expected
    assert second["gold"] == {"found": [], "outlines": [], "sky": [], "joints": []}


def test_what_coco_demands_is_there(tmp_path: Path) -> None:
    write(tmp_path / "out", "coco", ALL, [record(1, [image()], ANSWERS, external_id="one")])
    found = loaded(tmp_path / "out")
    assert [(c["name"], c["supercategory"]) for c in found["categories"]] == [
        ("cat", "found"), ("dog", "found"), ("hill", "outlines"), ("lake", "outlines"), ("sky", "sky"),
        ("joints", "joints"),
    ]  # fmt: skip
    (shown,) = found["images"]
    assert (shown["file_name"], shown["width"], shown["height"]) == ("one.png", 40, 30)
    assert (tmp_path / "out" / "images" / "one.png").is_file()
    areas = [one["area"] for one in found["annotations"]]
    assert areas == [50, 16, 6, 16 + 8, 5, 24, 0]
    lake = found["annotations"][3]
    assert (lake["bbox"], len(lake["segmentation"])) == ([5, 5, 14, 4], 2)
    assert found["annotations"][4]["bbox"] == [0, 3, 1, 5]
    nose = found["annotations"][5]
    assert (nose["keypoints"], nose["num_keypoints"]) == ([3, 4, 1, 9, 8, 2], 2)
    assert [one["iscrowd"] for one in found["annotations"]] == [0, 1, 0, 0, 0, 0, 0]


@settings(max_examples=30, deadline=None)
@given(
    box=st.fixed_dictionaries(
        {
            "x": st.floats(-50, 50),
            "y": st.floats(-50, 50),
            "width": st.floats(1, 90),
            "height": st.floats(1, 90),
        },
        optional={"rotation": st.floats(-179, 179)},
    )
)
def test_a_turned_box_is_the_box_of_its_corners(box: dict[str, float]) -> None:
    back = geometry.box_of(geometry.corners(box))
    assert back.pop("rotation", 0) == pytest.approx(box.pop("rotation", 0), abs=1e-6)
    assert back == pytest.approx(box, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 9), columns=st.lists(st.integers(0, 511), min_size=1, max_size=9))
def test_run_lengths_are_packed_and_measured_as_the_pixels_say(height: int, columns: list[int]) -> None:
    bits = [[column >> y & 1 for y in range(height)] for column in columns]
    runs, value = [0], 0
    for bit in (bit for column in bits for bit in column):
        if bit == value:
            runs[-1] += 1
        else:
            runs.append(1)
            value = bit
    size = [height, len(columns)]
    rle.check(size, runs)
    assert rle.unpack(rle.pack(runs)) == runs
    places = [(x, y) for x, column in enumerate(bits) for y, bit in enumerate(column) if bit]
    assert rle.area(runs) == len(places)
    xs, ys = [x for x, _ in places] or [0], [y for _, y in places] or [0]
    expected = (min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1) if places else (0, 0, 0, 0)
    assert rle.bounds(size, runs) == expected


def test_a_turned_box_comes_back_turned(tmp_path: Path) -> None:
    box = {"label": "cat", "x": 5.0, "y": 6.0, "width": 10.0, "height": 4.0, "rotation": 30}
    write(tmp_path / "out", "coco", (BOXES,), [record(1, [image()], {"found": [box]})])
    (task,) = values(tmp_path / "out", "coco", (BOXES,))
    assert without_ids(task["gold"])["found"] == [pytest.approx(box)]


def test_shapes_lie_on_the_picture_they_name(tmp_path: Path) -> None:
    box = {"label": "cat", "x": 0, "y": 0, "width": 1, "height": 1}
    answers = {"found": [box, {**box, "block": 2, "label": "dog"}, {"label": "cat"}]}
    written = write(
        tmp_path / "out", "coco", (BOXES,), [record(1, [text("x"), image(), image("blob:2")], answers)]
    )
    assert written.left_out == {"shapes that are none": 1}
    tasks = values(tmp_path / "out", "coco", (BOXES,))
    assert [[shape["label"] for shape in task["gold"]["found"]] for task in tasks] == [["cat"], ["dog"]]


def coco(folder: Path, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    image = {"id": 1, "file_name": "a.png", "coco_url": "https://example.com/a.png"}
    (folder / "a.json").write_text(
        json.dumps({"images": [image], "annotations": [], "categories": [{"id": 1, "name": "cat"}], **more})
    )
    return folder / "a.json"


def one(**more: Any) -> dict[str, Any]:
    return {"id": 9, "image_id": 1, "category_id": 1, **more}


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (one(bbox=[1, 2, 3]), "annotations[0].bbox: has 3 numbers"),
        (one(bbox=[1, 2, 3, -1]), "annotations[0].bbox: width and height"),
        (one(bbox=[1, 2, 3, 4], category_id=7), "annotations[0].category_id: there is no category 7"),
        (one(segmentation=[[1, 2, 3, 4]]), "annotations[0].segmentation[0]: has 4 numbers"),
        (
            one(segmentation={"size": [2, 2], "counts": [1, 9]}),
            "annotations[0].segmentation: the run lengths",
        ),
        (one(segmentation={"size": [1 << 20, 1 << 20], "counts": "0"}), "annotations[0].segmentation: size"),
        (
            one(segmentation={"size": [2, 2], "counts": "o" * 99}),
            "annotations[0].segmentation: a run is too long",
        ),
        (one(keypoints=[1, 2, 2]), "annotations[0].keypoints: has 3 numbers"),
        (one(), "annotations[0]: holds nothing that can be read"),
    ],
)
def test_a_wrong_annotation_is_told_with_its_field(annotation: Any, said: str, tmp_path: Path) -> None:
    (found,) = problems(coco(tmp_path, annotations=[annotation]), "coco", ALL)
    assert found.startswith(f"a.json, images[0]: {said}")


def test_a_broken_document_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"a.json: .*`\$.annotations\[0\].bbox"):
        read(coco(tmp_path, annotations=[one(bbox="x")]), "coco", ALL)
    with pytest.raises(BadFile, match=r"annotations\[0\].image_id: there is no image 5"):
        read(coco(tmp_path, annotations=[one(image_id=5)]), "coco", ALL)
    (tmp_path / "a.json").write_text('{"images": [')
    with pytest.raises(BadFile, match=r"a\.json"):
        read(tmp_path / "a.json", "coco", ALL)
    with pytest.raises(DoesNotFit, match="COCO takes questions of kind boxes, polygons, mask or points"):
        read(coco(tmp_path), "coco", (question("label", "choice", "x"),))


def test_pictures_are_looked_for_only_where_they_belong(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in ("../secret.png", str(tmp_path / "secret.png"), "nosuch.png", "a\0b", "link.png"):
        place = coco(tmp_path / "in", images=[{"id": 1, "file_name": name}])
        if name == "link.png":
            (tmp_path / "in" / name).symlink_to(tmp_path / "secret.png")
        (said,) = problems(place, "coco", ALL)
        assert "there is no picture" in said
    (task,) = values(coco(tmp_path / "in"), "coco", ALL)
    assert task["content"]["blocks"] == [image("https://example.com/a.png")]
