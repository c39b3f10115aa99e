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
from steelyard.cli.effect import (
    EndInterest,
    Interest,
    NoInterests,
    Preview,
    carried,
    merged_stakes,
    show_change,
    stakes_given,
)
from steelyard.cli.phase_out import reinstate_command
from steelyard.http.render import currency_of, provider_json
from steelyard.providers.interests import interests_recorded
from steelyard.providers.registry import Changed, create_provider, find_provider, update_provider
from steelyard.providers.scorecard import scorecard
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.effect import carry_out

app = typer.Typer(no_args_is_help=True)
app.command("reinstate")(reinstate_command)
Slug = Annotated[str, typer.Argument(help="The provider's slug.")]
Clearance = Annotated[str | None, typer.Option(help="public, internal, restricted or secret.")]
Price = Annotated[str | None, typer.Option(help='Per judgment, such as "0.05".')]
Contract = Annotated[
    Path | None,
    typer.Option(
        help="A JSON file of what was agreed: reference, starts, ends, notice_days, ...",
        exists=True,
        dir_okay=False,
    ),
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
    contract: Contract = None,
    status: Annotated[str, typer.Option(help="active or trial.")] = "active",
    preview: Preview = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    storage_url: StorageUrl = None,
    mode: World = Mode.live,
    as_json: AsJson = False,
) -> None:
    """Add a provider."""
    given = {
        "name": name,
        "kind": kind,
        "price": price,
        "clearance": clearance,
        "owner": owner_name,
        "interests": stakes_given(interest) or None,
        "config": _json(config, "--config"),
        "status": status,
    }
    raw = {k: v for k, v in given.items() if v is not None} | _contract(contract)
    with opened(data, database_url, storage_url, as_json) as installation:

        def do(tx: Transaction) -> dict[str, Any]:
            row, effect = carry_out(tx, lambda: create_provider(tx, owner(tx, Mode.live), raw))
            return _changed_json(tx, Changed(row, effect), mode)

        show_change(carried(installation, preview, do), as_json)


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
    end_interest: EndInterest = None,
    no_interests: NoInterests = False,
    config: Annotated[str | None, typer.Option(help="The adapter's settings, as JSON.")] = None,
    contract: Contract = None,
    status: Annotated[str | None, typer.Option(help="trial, active, suspended or exited.")] = None,
    preview: Preview = False,
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
        "config": _json(config, "--config"),
        "status": status,
    }
    patch = {k: v for k, v in given.items() if v is not None} | _contract(contract)
    stakes = stakes_given(interest)
    if (stakes or end_interest) and ("interests" in patch or "owner" in patch):
        raise typer.BadParameter("give --interest, --owner or --no-interests, not two of them")
    _change(provider, patch, data, database_url, storage_url, mode, as_json, stakes, end_interest, preview)


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


def _change(
    provider: str,
    patch: dict[str, Any],
    data: Path | None,
    database_url: str | None,
    storage_url: str | None,
    mode: Mode,
    as_json: bool,
    stakes: list[dict[str, Any]] | None = None,
    ended: list[str] | None = None,
    preview: bool = False,
) -> None:
    with opened(data, database_url, storage_url, as_json) as installation:

        def do(tx: Transaction) -> dict[str, Any]:
            tx.hold_showing()
            change = dict(patch)
            if stakes or ended:
                recorded = interests_recorded(tx, find_provider(tx, provider).id)
                change["interests"] = merged_stakes(tx, recorded, stakes or [], ended)
            return _changed_json(tx, update_provider(tx, owner(tx, Mode.live), provider, change), mode)

        show_change(carried(installation, preview, do), as_json)


def _changed_json(tx: Transaction, changed: Changed, mode: Mode) -> dict[str, Any]:
    return {
        **provider_json(tx, changed.provider, mode.value),
        "newly_stopped": [
            {"project": s.project, "name": s.name, "because": s.because} for s in changed.stopped
        ],
        **changed.effect.to_json(),
    }


def _json(text: str | None, what: str) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"{what} is not JSON: {wrong}") from None


def _contract(file: Path | None) -> dict[str, Any]:
    """The contract as a field of a provider, where a file is given; null in the file ends it."""
    if file is None:
        return {}
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not text in UTF-8") from None
    return {"contract": _json(text, str(file))}


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
