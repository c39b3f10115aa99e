"""What has a change of interests stopped, or what would it stop? The same for every command that makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from steelyard.cli.common import err, out, show
from steelyard.domain.errors import Invalid
from steelyard.domain.names import name_key
from steelyard.providers.interests import parse_share
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.organisations import named

Preview = Annotated[
    bool, typer.Option("--preview", help="Say what would stop and what would go on; change nothing.")
]
Interest = Annotated[
    list[str] | None,
    typer.Option(
        "--interest", help='ORGANISATION=SHARE, such as "Rival Labs=0.49" or "Rival Labs=49%"; repeatable.'
    ),
]
EndInterest = Annotated[
    list[str] | None,
    typer.Option("--end-interest", help="An organisation that no longer holds a part; repeatable."),
]
NoInterests = Annotated[bool, typer.Option("--no-interests", help="Nobody holds a part any more.")]
OWN = ("preview", "stopped", "newly_stopped", "resumed", "recalled", "more_to_recall", "organisations_made")


def carried(
    installation: Installation, preview: bool, change: Callable[[Transaction], dict[str, Any]]
) -> dict[str, Any]:
    """The answer to a change, or to what it would have been, as in the API."""
    database = installation.database
    answer = database.rehearse(change) if preview else database.write(change)
    return {**answer, "preview": preview}


def show_change(answer: dict[str, Any], as_json: bool) -> None:
    """Prints what a change answers: the thing itself, what stopped, what goes on, and what was made by name."""
    if as_json:
        show(answer, True)
        return
    show({name: value for name, value in answer.items() if name not in OWN}, False)
    preview = answer["preview"]
    stopped = [f"{_place(s)}, {s['held']} held: {s['because']}" for s in answer["stopped"]]
    _list("Would stop" if preview else "Stopped", stopped)
    _list("Would go on" if preview else "Goes on", [_place(place) for place in answer["resumed"]])
    _line(f"{'Would go' if preview else 'Went'} back to the queue: {answer['recalled']}")
    if not answer["stopped"]:
        _line("Nothing would stop by it." if preview else "Nothing has stopped by it.")
    if answer["organisations_made"]:
        names = ", ".join(answer["organisations_made"])
        err.print(f"not known before, made by name: {names}", highlight=False, markup=False, soft_wrap=True)
    if preview:
        err.print("a preview: nothing has changed")


def _list(title: str, lines: list[str]) -> None:
    if lines:
        _line(f"{title}:")
    for line in lines:
        _line(f"  {line}")


def _place(at: dict[str, Any]) -> str:
    world = " (test)" if at["world"] == "test" else ""
    return f"{at['name']} in {at['project_name']}{world}"


def _line(text: str) -> None:
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def stakes_given(given: list[str] | None) -> list[dict[str, Any]]:
    """Interests from ORGANISATION=SHARE."""
    found = []
    for text in given or []:
        name, separator, share = text.rpartition("=")
        if not separator or not name.strip():
            raise typer.BadParameter(f"{text!r} is not ORGANISATION=SHARE")
        try:
            parse_share(share)
        except Invalid as wrong:
            raise typer.BadParameter(
                f"{text!r} is not ORGANISATION=SHARE: the share {wrong.problems[0].message}"
            ) from None
        found.append({"organisation": name.strip(), "share": share.strip()})
    return found


def merged_stakes(
    tx: Transaction, recorded: list[dict[str, Any]], given: list[dict[str, Any]], ended: list[str] | None
) -> list[dict[str, Any]]:
    """The interests recorded, with those that are given beside them or in their place, without those ended."""
    known = {name_key(stake["organisation"]) for stake in recorded}
    replaced = {_key(tx, stake["organisation"]) for stake in given}
    over = {_key(tx, name) for name in ended or []}
    if strange := [name for name in ended or [] if _key(tx, name) not in known]:
        raise typer.BadParameter(f"{strange[0]!r} has no interest that could end")
    return [s for s in recorded if name_key(s["organisation"]) not in replaced | over] + given


def _key(tx: Transaction, name: str) -> str:
    """The name by which the organisation is recorded, where one is known by this name or alias."""
    found = named(tx, name)
    return name_key(name if found is None else found.name)
