"""provider list, add, show, update, suspend, resume, run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from steelyard.cli.common import (
    NOT_JUDGED,
    WRONG_USE,
    AsJson,
    Data,
    DatabaseUrl,
    Ended,
    Mode,
    StorageUrl,
    World,
    ending,
    err,
    opened,
    owner,
    show,
)
from steelyard.cli.phase_out import reinstate_command
from steelyard.domain.names import name_key
from steelyard.http.render import currency_of, provider_json
from steelyard.providers.interests import interests_recorded
from steelyard.providers.registry import create_provider, find_provider, update_provider
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction

app = typer.Typer(no_args_is_help=True)
app.command("reinstate")(reinstate_command)
Slug = Annotated[str, typer.Argument(help="The provider's slug.")]
Clearance = Annotated[str | None, typer.Option(help="public, internal, restricted or secret.")]
Price = Annotated[str | None, typer.Option(help='Per judgment, such as "0.05".')]
Interest = Annotated[
    list[str] | None,
    typer.Option("--interest", help='ORGANISATION=SHARE, such as "Rival Labs=0.49"; repeatable.'),
]
COLUMNS = {
    "slug": "provider",
    "kind": "kind",
    "status": "status",
    "clearance": "clearance",
    "price": "price",
    "judgments": "judgments",
    "accuracy": "accuracy",
    "cost_per_correct": "per correct",
}


@app.command("list")
def listing(
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """List providers with what each is worth."""
    with opened(data, database_url, storage_url, as_json) as installation:

        def look(tx: Transaction) -> list[dict[str, Any]]:
            rows = tx.execute(t.provider.select().order_by(t.provider.c.id)).all()
            return [provider_json(tx, row, mode.value) for row in rows]

        show({"items": installation.database.read(look)}, as_json, rows="items", columns=COLUMNS)


@app.command("show")
def show_one(
    provider: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Show one provider with its scorecard."""
    with opened(data, database_url, storage_url, as_json) as installation:

        def look(tx: Transaction) -> dict[str, Any]:
            row = find_provider(tx, provider)
            card = scorecard(tx, row, mode.value).to_json(currency_of(tx))
            return {**provider_json(tx, row, mode.value), "scorecard": card}

        show(installation.database.read(look), as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    kind: Annotated[str, typer.Option(help="people, model or shipment.")] = "people",
    price: Price = None,
    clearance: Clearance = None,
    owner_name: Annotated[
        str | None, typer.Option("--owner", help="The organisation that owns it whole.")
    ] = None,
    interest: Interest = None,
    config: Annotated[str | None, typer.Option(help="The adapter's settings, as JSON.")] = None,
    status: Annotated[str, typer.Option(help="active or trial.")] = "active",
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Add a provider."""
    with opened(data, database_url, storage_url, as_json) as installation:
        given = {
            "name": name,
            "kind": kind,
            "price": price,
            "clearance": clearance,
            "owner": owner_name,
            "interests": _interests(interest),
            "config": _config(config),
            "status": status,
        }
        raw = {k: v for k, v in given.items() if v is not None}

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            return provider_json(tx, create_provider(tx, owner(tx, Mode.live), raw), mode.value)

        show(installation.database.write(do), as_json)


@app.command()
def update(
    provider: Slug,
    name: Annotated[str | None, typer.Option(help="A new name; the slug stays.")] = None,
    price: Price = None,
    clearance: Clearance = None,
    owner_name: Annotated[
        str | None, typer.Option("--owner", help="The organisation that owns it whole.")
    ] = None,
    interest: Interest = None,
    no_interests: Annotated[
        bool, typer.Option("--no-interests", help="Nobody holds a part any more.")
    ] = False,
    config: Annotated[str | None, typer.Option(help="The adapter's settings, as JSON.")] = None,
    status: Annotated[str | None, typer.Option(help="trial, active, suspended or exited.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Change a provider. What it may no longer be shown is stopped and recalled at once. A stake that is
    given is recorded beside the others; one of the same organisation is replaced."""
    given = {
        "name": name,
        "price": price,
        "clearance": clearance,
        "owner": owner_name,
        "interests": [] if no_interests else None,
        "config": _config(config),
        "status": status,
    }
    patch = {k: v for k, v in given.items() if v is not None}
    stakes = _interests(interest) or []
    if stakes and ("interests" in patch or "owner" in patch):
        raise typer.BadParameter("give --interest, --owner or --no-interests, not two of them")
    _change(provider, patch, data, database_url, storage_url, mode, as_json, stakes)


@app.command()
def suspend(
    provider: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Stop a provider at once; what it holds goes back to the queue."""
    _change(provider, {"status": "suspended"}, data, database_url, storage_url, mode, as_json)


@app.command()
def resume(
    provider: Slug,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Let a suspended provider work again."""
    _change(provider, {"status": "active"}, data, database_url, storage_url, mode, as_json)


def _change(provider, patch, data, database_url, storage_url, mode, as_json, stakes=()) -> None:
    with opened(data, database_url, storage_url, as_json) as installation:

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            change = dict(patch)
            if stakes:
                named = {name_key(stake["organisation"]) for stake in stakes}
                others = interests_recorded(tx, find_provider(tx, provider).id)
                kept = [other for other in others if name_key(other["organisation"]) not in named]
                change["interests"] = [*kept, *stakes]
            changed = update_provider(tx, owner(tx, Mode.live), provider, change)
            return {
                **provider_json(tx, changed.provider, mode.value),
                "newly_stopped": [
                    {"project": s.project, "name": s.name, "because": s.because} for s in changed.stopped
                ],
                "recalled": changed.recalled.count,
            }

        show(installation.database.write(do), as_json)


def _interests(given: list[str] | None) -> list[dict[str, Any]] | None:
    if not given:
        return None
    found = []
    for text in given:
        name, separator, share = text.rpartition("=")
        try:
            found.append({"organisation": name, "share": float(share)})
        except ValueError:
            separator = ""
        if not separator:
            raise typer.BadParameter(f"{text!r} is not ORGANISATION=SHARE")
    return found


def _config(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"--config is not JSON: {wrong}") from None


@app.command()
def run(
    target: Annotated[
        str, typer.Argument(help="module:attribute, or the name of an entry point of steelyard.models.")
    ],
    project: Annotated[str, typer.Option(help="The project's slug.")],
    url: Annotated[str, typer.Option(help="The server to claim from.")] = "http://127.0.0.1:8000",
    key_file: Annotated[
        Path | None, typer.Option(help="A file that holds the provider's machine key; else $STEELYARD_KEY.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=100, help="How many to claim at once.")] = 16,
    until_empty: Annotated[bool, typer.Option(help="End when there is nothing to answer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a project with a model: a Python callable or a fitted estimator, as a worker of its own."""
    from steelyard.client import Refused, Unreachable
    from steelyard.providers.model.worker import TargetNotFound, Worker, load_target

    with ending(as_json):
        key = _key(key_file)
        if not key:
            raise Ended("give the machine key in --key-file or in $STEELYARD_KEY", WRONG_USE)
        try:
            answer = load_target(target)
        except TargetNotFound as wrong:
            raise Ended(str(wrong), WRONG_USE) from None
        worker = Worker(url, key, project, answer, batch=batch)
        try:
            worker.run(until_empty=until_empty)
        except KeyboardInterrupt:
            err.print("stopped")
        except Refused as refused:
            raise Ended(f"the server refused: {refused.detail}", WRONG_USE) from None
        except Unreachable as gone:
            raise Ended(f"{url} does not answer: {gone}", NOT_JUDGED) from None
        show(
            {
                "answered": worker.answered,
                "refused": worker.refused,
                "failed": worker.failed,
                "ended": worker.ended,
            },
            as_json,
        )


def _key(file: Path | None) -> str:
    if file is None:
        return os.environ.get("STEELYARD_KEY", "")
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise Ended(f"the key cannot be read from {file}: {wrong}", WRONG_USE) from None
