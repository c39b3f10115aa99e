"""Do tasks leave as tar shards and come back, and is an archive of a stranger harmless?"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.records import PICTURES, image, png, problems, question, read, record, text, texts, values, write

from steelyard.formats import webdataset
from steelyard.formats.reading import BadFile

LABEL = question("label", "choice", "cat", "dog")
BOXES = question("found", "boxes", "cat")


def test_tasks_come_back_whole(tmp_path: Path) -> None:
    answers = {"label": "dog", "found": [{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}]}
    blocks = [text("été 😀", name="a"), image(), image("blob:2"), image("https://example.com/a.png")]
    one = record(1, blocks, answers, external_id="one", tags=["n"], metadata={"a": [1]}, confidence=0.9)
    written = write(
        tmp_path / "out", "webdataset", (LABEL, BOXES), [one, record(2, [text("x")], {"label": "cat"})]
    )
    assert written.rows == {"train": 2}
    first, second = values(tmp_path / "out", "webdataset", (LABEL, BOXES))
    shown = first["content"]["blocks"]
    assert all(block.pop("url").startswith("data:image/png;base64,") for block in shown[1:3])
    assert shown == [blocks[0], {"type": "image"}, {"type": "image"}, blocks[3]]
    assert (first["gold"], first["external_id"], first["tags"]) == (answers, "one", ["n"])
    assert first["metadata"] == {"split": "train", "a": [1]}
    assert second["external_id"] == f"{2:024x}"


def test_members_of_a_task_stand_together_and_the_same_tasks_are_the_same_bytes(tmp_path: Path) -> None:
    records = [record(n, [image(), text("x")], {"label": "cat"}) for n in range(3)]
    for folder in ("a", "b"):
        write(tmp_path / folder, "webdataset", (LABEL,), records)
    with tarfile.open(tmp_path / "a" / "train-000000.tar") as tar:
        names = tar.getnames()
        picture = tar.extractfile(f"{0:024x}.png")
        assert picture is not None
        assert picture.read() == PICTURES["blob:1"]
    assert names == [f"{n:024x}.{suffix}" for n in range(3) for suffix in ("json", "txt", "png")]
    assert (tmp_path / "a" / "train-000000.tar").read_bytes() == (
        tmp_path / "b" / "train-000000.tar"
    ).read_bytes()


def test_a_full_shard_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdataset, "SHARD", 4000)
    records = [record(n, [text("x" * 900)], {"label": "cat"}) for n in range(5)]
    write(tmp_path / "out", "webdataset", (LABEL,), records)
    shards = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert shards == ["train-000000.tar", "train-000001.tar", "train-000002.tar"]
    assert len(values(tmp_path / "out", "webdataset", (LABEL,))) == 5


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(texts, st.dictionaries(texts, texts, max_size=2)), min_size=1, max_size=4))
def test_any_words_come_back(rows: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shards") / "out"
    write(
        folder, "webdataset", (LABEL,),
        [record(n, [text(shown)], {"label": "cat"}, metadata=more) for n, (shown, more) in enumerate(rows)],
    )  # fmt: skip
    back = values(folder, "webdataset", (LABEL,))
    assert [
        (one["content"]["blocks"][0]["text"], {"split": "train"} | rows[n][1]) for n, one in enumerate(back)
    ] == [(shown, back[n]["metadata"]) for n, (shown, _) in enumerate(rows)]


def shard(path: Path, *members: tuple[str, bytes | str] | tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            name, data = member
            data = data.encode() if isinstance(data, str) else data
            told = tarfile.TarInfo(name)
            told.size = len(data)
            tar.addfile(told, io.BytesIO(data))
    return path


def linked(name: str, kind: bytes) -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    told.type, told.linkname = kind, "/etc/passwd"
    return told


def test_foreign_shards_are_read_by_their_suffixes(tmp_path: Path) -> None:
    place = shard(
        tmp_path / "imagenet-000000.tar",
        ("n/1.jpg", png(2, 2)), ("n/1.cls", "1"), ("n/2.txt", "hi"), ("n/2.json", '{"label": "cat", "source": "web"}'),
    )  # fmt: skip
    first, second = values(place, "webdataset", (LABEL,))
    assert (first["external_id"], first["gold"]) == ("n/1", {"label": "dog"})
    assert (second["content"]["blocks"], second["gold"]) == ([text("hi")], {"label": "cat"})
    assert second["metadata"] == {"split": "imagenet", "source": "web"}


def test_a_hostile_member_is_refused_and_the_rest_comes_in(tmp_path: Path) -> None:
    place = shard(
        tmp_path / "a.tar",
        ("../../out.txt", "x"), ("/etc/out.txt", "x"), linked("link.txt", tarfile.SYMTYPE),
        linked("hard.txt", tarfile.LNKTYPE), linked("device.txt", tarfile.CHRTYPE), ("bad.txt", b"\xff"),
        ("deep.json", "[" * 5000), ("bad2.json", '{"blocks": [{"type": "image", "member": "png"}]}'),
        ("odd.exe", "x"), ("cls.cls", "9"), ("good.txt", "x"),
    )  # fmt: skip
    said = [line.removeprefix("a.tar, ") for line in problems(place, "webdataset", (LABEL,))]
    parts = (
        "../../out: txt: has a name that leads out",
        "/etc/out: txt: has a name that leads out",
        "link: txt: is no plain",
        "hard: txt: is no plain",
        "device: txt: is no plain",
        "bad: txt: is not UTF-8",
        "deep: json",
        "bad2: png: is missing",
        "odd: exe: is no kind",
        "cls: cls: '9' is no option",
    )
    for line, part in zip(said, parts, strict=True):
        assert line.startswith(part)
    assert [row.value["content"]["blocks"] for row in read(place, "webdataset", (LABEL,)) if row.value] == [
        [text("x")]
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar"]


def huge(kind: bytes) -> bytes:
    told = tarfile.TarInfo("x.txt")
    told.size, told.type = 1 << 33, kind
    return told.tobuf(tarfile.GNU_FORMAT) + bytes(5000)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_claims_to_be_huge_is_not_read(kind: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(huge(kind))
    with pytest.raises(BadFile, match=r"a\.tar: is not a whole tar file"):
        read(tmp_path / "a.tar", "webdataset", (LABEL,))


def test_a_member_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(huge(tarfile.REGTYPE))
    with pytest.raises(BadFile):
        read(tmp_path / "a.tar", "webdataset", (LABEL,))


def test_an_archive_that_breaks_off_is_told(tmp_path: Path) -> None:
    place = shard(tmp_path / "a.tar", ("1.txt", "x" * 2000), ("2.txt", "y" * 2000))
    whole = place.read_bytes()
    for data in (whole[:3000], whole[:3072], whole[:2570] + b"?" + whole[2571:], b"no tar at all", b""):
        place.write_bytes(data)
        with pytest.raises(BadFile, match="is not a whole tar file"):
            read(place, "webdataset", (LABEL,))
    place.write_text(json.dumps({}))
    with pytest.raises(BadFile):
        read(tmp_path, "webdataset", (LABEL,))
