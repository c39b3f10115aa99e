"""Is every change to a release found, whatever byte or file it touches?"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from unit.releases.release_state import START, pets

from steelyard.releases import bundle
from steelyard.releases.signing import SigningKey, load_or_make_key, load_public_key
from steelyard.releases.verify import Verified, verify
from steelyard.store.sqlite import SqliteDatabase


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the releases one and two, the second without Acme Labels."""
    from steelyard.store.migrate import migrate

    home = tmp_path_factory.mktemp("home")
    with SqliteDatabase(home / "steelyard.db", clock=lambda: START) as database:
        migrate(database)
        state = pets(database, home)
        state.build(home / "one")
        state.build(home / "two", "acme-labels")
    return home


@pytest.fixture
def release(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original / "one", tmp_path / "release"))


@pytest.fixture
def key(original: Path) -> SigningKey:
    return load_or_make_key(original)


def refused(folder: Path, *words: str) -> Verified:
    found = verify(folder)
    assert not found.ok
    said = "\n".join(found.problems)
    assert all(word in said for word in words), said
    assert all(problem.endswith(".") for problem in found.problems)
    return found


def one_of(folder: Path, below: str) -> Path:
    return sorted((folder / below).iterdir())[0]


def sign_again(folder: Path, key: SigningKey, **changes: object) -> None:
    """What somebody with the key would write: a manifest with changes, and a signature that fits it."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changes
    data = rfc8785.dumps(manifest)
    (folder / "manifest.json").write_bytes(data)
    (folder / "bundle.json").write_bytes(bundle.sign(manifest, data, key))


def test_the_release_as_built_holds(release: Path, key: SigningKey) -> None:
    found = verify(release, key.public, refit=True)
    assert (found.ok, found.problems, found.pinned, found.fingerprint) == (True, [], True, key.keyid)
    assert not verify(release).pinned


@pytest.mark.parametrize(
    "kind", ["manifest.json", "bundle.json", "content", "judgments", "consensus", "blobs"]
)
def test_a_flipped_byte_anywhere_is_found(release: Path, kind: str) -> None:
    path = release / kind if kind.endswith(".json") else one_of(release, kind)
    data = path.read_bytes()
    step = max(1, len(data) // 75)
    missed = []
    for place in [*range(0, len(data), step), len(data) - 1]:
        for mask in (0x01, 0x20):
            path.write_bytes(data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :])
            if verify(release).ok:
                missed.append((place, mask))
    assert missed == []
    path.write_bytes(data)
    assert verify(release).ok


@pytest.mark.parametrize(
    "kind", ["manifest.json", "bundle.json", "content", "judgments", "consensus", "blobs"]
)
@pytest.mark.parametrize("change", ["truncated", "longer", "empty", "gone", "renamed", "link", "folder"])
def test_a_file_that_is_not_as_it_was_is_found(release: Path, tmp_path: Path, kind: str, change: str) -> None:
    path = release / kind if kind.endswith(".json") else one_of(release, kind)
    data = path.read_bytes()
    if change == "truncated":
        path.write_bytes(data[:-1])
    elif change == "longer":
        path.write_bytes(data + b"\n")
    elif change == "empty":
        path.write_bytes(b"")
    elif change == "gone":
        path.unlink()
    elif change == "renamed":
        path.rename(path.with_name("0" * 64))
    elif change == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.unlink()
        path.mkdir()
    refused(release, path.name)


def test_files_that_nobody_announced_are_found(release: Path) -> None:
    (release / "content" / "more.parquet").write_bytes(b"x")
    (release / "receipt.json").write_bytes(b"{}")
    (release / "empty").mkdir()
    os.mkfifo(release / "pipe")
    refused(
        release,
        "content/more.parquet is not listed",
        "receipt.json is not listed",
        "empty is an empty folder",
        "pipe is neither",
    )


def test_two_files_that_changed_places_are_found(release: Path) -> None:
    first, second = sorted((release / "judgments").iterdir())[:2]
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    assert len(refused(release, first.name, second.name).problems) == 2


def test_the_signature_of_another_release_is_found(release: Path, original: Path) -> None:
    shutil.copy(original / "two" / "bundle.json", release / "bundle.json")
    refused(release, "is the signature of another release")


def test_another_key_is_found_when_one_is_pinned(release: Path, tmp_path: Path) -> None:
    other = load_or_make_key(tmp_path / "other")
    found = verify(release, other.public)
    assert not found.ok
    assert "signed by another key" in found.problems[0]
    sign_again(release, other)
    assert verify(release).ok
    assert verify(release).fingerprint == other.keyid


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"format":"steelyard-release/1"}', b"[" * 100_000,
     b"1e999", b"NaN", b'{"a":1,"a":1}', b'"\\ud800"'],
)  # fmt: skip
@pytest.mark.parametrize("name", ["manifest.json", "bundle.json"])
def test_what_cannot_be_parsed_is_a_problem_and_no_crash(release: Path, name: str, data: bytes) -> None:
    (release / name).write_bytes(data)
    refused(release, name)


def test_any_field_that_is_of_another_type_is_a_problem_and_no_crash(release: Path, key: SigningKey) -> None:
    manifest = json.loads((release / "manifest.json").read_bytes())
    for name in manifest:
        for wrong in (None, 1, "x", [], {}, [1], {"x": 1}, True):
            if wrong == manifest[name] or (name, wrong) in (
                ("predecessor", None),
                ("as_of", "x"),
                ("as_of", None),
                ("changes", {}),
                ("changes", {"x": 1}),
                ("version", 1),
                ("version", True),
            ):
                continue
            data = rfc8785.dumps(manifest | {name: wrong})
            (release / "manifest.json").write_bytes(data)
            assert not verify(release).ok, (name, wrong)


@pytest.mark.parametrize(
    "path",
    [
        "../one/manifest.json",
        "/etc/passwd",
        "content/../manifest.json",
        "content/x.parquet",
        "blobs/a\x00b",
        "a",
    ],
)
def test_paths_outside_the_release_are_refused_even_when_signed(
    release: Path, key: SigningKey, path: str
) -> None:
    files = json.loads((release / "manifest.json").read_bytes())["files"]
    files[0] = files[0] | {"path": path}
    data = rfc8785.dumps(json.loads((release / "manifest.json").read_bytes()) | {"files": files})
    (release / "manifest.json").write_bytes(data)
    refused(release, "manifest.json lists")


def test_rows_that_are_counted_wrong_are_found_even_when_signed(release: Path, key: SigningKey) -> None:
    manifest = json.loads((release / "manifest.json").read_bytes())
    part = next(f for f in manifest["files"] if f["kind"] == "judgments")
    part["rows"] += 1
    manifest["counts"]["judgments"] += 1
    manifest["counts"]["providers"][part["provider"]]["judgments"] += 1
    sign_again(release, key, **manifest)
    refused(release, f"{part['path']} has {part['rows'] - 1} rows, not {part['rows']}")


def test_a_part_of_another_provider_is_found_even_when_signed(release: Path, key: SigningKey) -> None:
    manifest = json.loads((release / "manifest.json").read_bytes())
    part = next(f for f in manifest["files"] if f["kind"] == "content")
    part["provider"] = "somebody"
    from steelyard.releases.manifest import counted

    sign_again(release, key, files=manifest["files"], counts=counted(manifest["files"]))
    refused(release, "another provider than somebody")


def test_base64_has_one_spelling(release: Path) -> None:
    path = release / "bundle.json"
    said = json.loads(path.read_bytes())
    signature = said["dsseEnvelope"]["signatures"][0]["sig"]
    assert signature.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = signature[:-3] + alphabet[alphabet.index(signature[-3]) ^ 1] + "=="
    assert base64.b64decode(other) == base64.b64decode(signature)
    said["dsseEnvelope"]["signatures"][0]["sig"] = other
    path.write_bytes(rfc8785.dumps(said))
    refused(release, "not canonical base64")


def test_a_value_that_the_parts_do_not_give_is_found_by_the_refit(release: Path, key: SigningKey) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from steelyard.releases.layout import file_digest

    path = one_of(release, "consensus")
    read = pq.read_table(path)
    rows = read.to_pylist()
    rows[0]["confidence"] += 1e-6
    pq.write_table(pa.Table.from_pylist(rows, schema=read.schema), path, store_schema=False)
    manifest = json.loads((release / "manifest.json").read_bytes())
    part = next(f for f in manifest["files"] if f["kind"] == "consensus")
    manifest["counts"]["bytes"] += path.stat().st_size - part["bytes"]
    part |= {"sha256": file_digest(path), "bytes": path.stat().st_size}
    sign_again(release, key, **manifest)
    assert verify(release).ok
    found = verify(release, refit=True)
    assert found.problems == [f"Task {rows[0]['task']} differs from the refit in confidence."]


def test_a_part_that_was_left_out_changes_the_refit(release: Path, key: SigningKey) -> None:
    from steelyard.releases.manifest import counted

    manifest = json.loads((release / "manifest.json").read_bytes())
    part = next(f for f in manifest["files"] if f["kind"] == "judgments" and f["rows"] > 10)
    manifest["files"].remove(part)
    (release / part["path"]).unlink()
    sign_again(release, key, files=manifest["files"], counts=counted(manifest["files"]))
    assert verify(release).ok
    assert not verify(release, refit=True).ok


def test_a_folder_that_is_not_there_is_no_release_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        verify(tmp_path / "nowhere")
    refused(tmp_path, "manifest.json is absent")


def test_verifying_needs_no_database(release: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from steelyard.releases.verify import verify;"
        f"found = verify(Path({str(release)!r}), refit=True); assert found.ok, found.problems;"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'fastapi', 'psycopg', 'obstore')"
        " or m.startswith(('steelyard.store', 'steelyard.work', 'steelyard.ledger'))];"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_private_key_is_its_owners_alone_and_is_made_once(tmp_path: Path) -> None:
    first, second = load_or_make_key(tmp_path), load_or_make_key(tmp_path)
    assert first.keyid == second.keyid
    path = tmp_path / "keys" / "release-ed25519.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in repr(first)
    assert sorted(p.name for p in path.parent.iterdir()) == ["release-ed25519.pem", "release-ed25519.pub.pem"]
    assert load_public_key(tmp_path / "keys" / "release-ed25519.pub.pem").public_bytes_raw() == (
        first.public.public_bytes_raw()
    )
