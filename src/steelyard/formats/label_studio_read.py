"""How do the tasks of a Label Studio come in?

Its JSON export, or any file that it imports. An annotation becomes gold, a suggestion, or with a provider each its
own judgment; results answer the question of their `from_name`, else the first of the fitting kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from steelyard.domain.errors import Problem
from steelyard.domain.form import Form, Question
from steelyard.formats.fitting import described
from steelyard.formats.label_studio import LOCAL
from steelyard.formats.label_studio_results import KINDS_OF, REGIONS, answer_of
from steelyard.formats.picture_files import PictureFiles
from steelyard.formats.reading import Into, Reading, Task, files_of, json_lines, mapping, refused
from steelyard.formats.rows import Row
from steelyard.formats.task_columns import BLOCKS

_NUMBERED = re.compile(r"(.+?)_\d+")
_SUFFIXES = {
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"),
    "audio": (".wav", ".mp3", ".ogg", ".flac", ".m4a"),
    "video": (".mp4", ".webm", ".mov"),
    "document": (".pdf",),
}
_OURS = ("id", "external_id", "metadata", "tags")


def read(place: Path, reading: Reading) -> Iterator[Row]:
    """The rows of one file, or of `tasks.json` or else all `*.json` in a folder. Raises `BadFile`."""
    pattern = "tasks.json" if (place / "tasks.json").is_file() else "*.json"
    home = place if place.is_dir() else place.parent
    pictures = PictureFiles(reading, home, ("",))
    for path in files_of(place, pattern, "tasks"):
        for number, value in json_lines(path):
            where = f"{path.name}, task {number}"
            if isinstance(value, Problem):
                yield refused(where, [value.message])
                continue
            task = Task(where)
            _fill(task, value, reading, pictures)
            yield task.row(reading.into)


def _fill(task: Task, value: Any, reading: Reading, pictures: PictureFiles) -> None:
    data = mapping(value).get("data")
    if not isinstance(data, Mapping):
        task.problems.append("data: must be an object")
        return
    name = data.get("external_id") or data.get("id") or mapping(value).get("id")
    task.external_id = None if name is None else str(name)[:500]
    task.metadata |= mapping(data.get("metadata"))
    if isinstance(data.get("tags"), list):
        task.tags = data["tags"]
    texts: dict[str, str] = {}
    places: dict[str, int] = {}
    for key, item in data.items():
        if key not in _OURS:
            _show(task, key, item, pictures, texts, places)
    if not task.blocks and not task.problems:
        task.problems.append("data: shows nothing")
    if reading.into is Into.judgments:
        task.judgments = []
        for index, one in enumerate(_listed(value, "annotations")):
            if one.get("was_cancelled"):
                continue
            answers = _answers(task, one, f"annotations[{index}]", reading, texts, places)
            judgment: dict[str, Any] = {"answers": answers}
            who = _annotator(one, value, index)
            task.judgments.append(judgment | ({"annotator": who} if who else {}))
        return
    chosen = _chosen(value, reading.into)
    if chosen is not None:
        where, one = chosen
        task.answers = _answers(task, one, where, reading, texts, places)


def _chosen(value: Mapping[str, Any], into: Into) -> tuple[str, Mapping[str, Any]] | None:
    """The annotation that becomes gold or a suggestion: the one that is said to be true, else the first; a suggestion
    is a prediction where there is one."""
    annotations = [
        (n, one) for n, one in enumerate(_listed(value, "annotations")) if not one.get("was_cancelled")
    ]
    predictions = list(enumerate(_listed(value, "predictions")))
    if predictions and (into is Into.suggestion or not annotations):
        return f"predictions[{predictions[0][0]}]", predictions[0][1]
    annotations.sort(key=lambda pair: pair[1].get("ground_truth") is not True)
    return (f"annotations[{annotations[0][0]}]", annotations[0][1]) if annotations else None


def _listed(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    given = value.get(name)
    return [mapping(one) for one in given] if isinstance(given, list) else []


def _annotator(one: Mapping[str, Any], value: Mapping[str, Any], index: int) -> str | None:
    who = one.get("completed_by")
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("id")
    ours = mapping(value.get("meta")).get("annotators")
    if who is None and isinstance(ours, list) and index < len(ours):
        who = ours[index]
    return None if who is None else str(who)[:200]


def _show(
    task: Task, key: str, item: Any, pictures: PictureFiles, texts: dict[str, str], places: dict[str, int]
) -> None:
    numbered = _NUMBERED.fullmatch(key)
    kind = _type(numbered[1] if numbered else key, item)
    if kind is None:
        if item is not None:
            task.metadata[key] = item
        return
    places[key] = len(task.blocks)
    if kind in ("text", "html"):
        texts[key] = item
        task.blocks.append({"type": kind, "text": item})
    elif kind == "chat":
        role = {"user", "assistant", "system", "tool"}
        messages = [
            {"role": m["author"] if m["author"] in role else "user", "content": m["text"]} for m in item
        ]
        task.blocks.append({"type": "chat", "messages": messages})
    elif kind == "image" and not item.startswith(("data:", "blob:")):
        name = unquote(item.removeprefix(LOCAL)) if item.startswith(LOCAL) else item
        pictures.show(task, name)
    else:
        task.blocks.append({"type": kind, "url": item})


def _type(base: str, item: Any) -> str | None:
    """What is shown under this key; None where it is said beside."""
    if isinstance(item, list):
        said = all(isinstance(m, Mapping) and {"author", "text"} <= set(m) for m in item)
        return "chat" if item and said else None
    if not isinstance(item, str):
        return None
    if base in BLOCKS:
        return base
    if item.startswith(("http://", "https://", "data:", "blob:", "/data/")):
        ending = item.split("?")[0].lower() if not item.startswith(LOCAL) else item.lower()
        return next((kind for kind, some in _SUFFIXES.items() if ending.endswith(some)), "image")
    return "text"


def _answers(
    task: Task,
    one: Mapping[str, Any],
    where: str,
    reading: Reading,
    texts: Mapping[str, str],
    places: Mapping[str, int],
) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    given = one.get("result")
    for number, result in enumerate(given if isinstance(given, list) else ()):
        said = mapping(result)
        question = _question(said, reading.form, reading.question)
        if question is None:
            what = f"{said.get('type')} {said.get('from_name')!r}"
            asked = described(reading.form)
            task.problems.append(
                f"{where}.result[{number}]: {what} answers no question; the form asks {asked}"
            )
            continue
        to = str(said.get("to_name"))
        try:
            answer = answer_of(said, question.kind, texts.get(to))
        except (ValueError, KeyError, TypeError, IndexError) as wrong:
            message = f"{wrong.args[0]} is missing" if isinstance(wrong, KeyError) else str(wrong)
            task.problems.append(f"{where}.result[{number}].value: {message[:200]}")
            continue
        if question.kind not in REGIONS:
            answers[question.name] = answer
            continue
        block = places.get(to, 0)
        region = {"id": str(said.get("id") or number), **answer} | ({"block": block} if block else {})
        answers.setdefault(question.name, []).append(region)
    return answers


def _question(result: Mapping[str, Any], form: Form, wanted: str | None) -> Question | None:
    kinds: Sequence[str] = KINDS_OF.get(str(result.get("type")), ())
    named = form.question(wanted or str(result.get("from_name")))
    if named is not None and named.kind in kinds:
        return named
    return next((q for q in form.questions if q.kind in kinds), None)
