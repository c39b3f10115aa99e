"""/api/providers/{slug}/exposure and /api/annotators/{id}/exposure: who was shown what?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from steelyard.domain.errors import NotFound, invalid
from steelyard.domain.policy import SENSITIVITIES
from steelyard.domain.times import format_time
from steelyard.http.api.common import REFUSALS, After, Inst, Limit, after_key
from steelyard.http.api.providers import provider_read_by
from steelyard.http.auth import Asker
from steelyard.identity.policy import Action, Principal, require, require_provider
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work import exposure, showings
from steelyard.work.exposure_export import MEDIA_TYPES, Format, Subject, export, file_name
from steelyard.work.projects import find_project_ever
from steelyard.work.showings import Horizon, Which

router = APIRouter(prefix="/api", tags=["exposure"], responses=REFUSALS)
PIECE = 1 << 18
LATEST = 253_402_300_799_999_999  # the last moment that has a name
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "no-store",
}
OfProject = Annotated[str | None, Query(max_length=100, description="a project's slug")]
OfAnnotator = Annotated[str | None, Query(max_length=24, description="an annotator's id")]
OfSensitivity = Annotated[
    str | None,
    Query(max_length=20, description="the project's when it was shown: " + ", ".join(SENSITIVITIES)),
]
Scope = Callable[[Transaction], tuple[Which, Subject]]


def _of_provider(asker: Any, slug: str, narrow: dict[str, str | None]) -> Scope:
    def scope(tx: Transaction) -> tuple[Which, Subject]:
        who, row = provider_read_by(tx, asker, slug)
        annotator_id = None
        if narrow.get("annotator"):
            annotator = showings.find_annotator(tx, narrow["annotator"] or "")
            if annotator.provider_id != row.id:
                raise NotFound("there is no such annotator")
            annotator_id = annotator.id
        which = Which(who.world, row.id, annotator_id, **_narrowed(tx, who, narrow))
        return which, Subject.of_provider(row)

    return scope


def _of_annotator(asker: Any, annotator_id: str, narrow: dict[str, str | None]) -> Scope:
    def scope(tx: Transaction) -> tuple[Which, Subject]:
        who = asker.principal(tx)
        require(who, Action.READ_PROVIDERS)
        row = showings.find_annotator(tx, annotator_id)
        require_provider(who, row.provider_id)
        return Which(who.world, None, row.id, **_narrowed(tx, who, narrow)), Subject.of_annotator(row)

    return scope


def _narrowed(tx: Transaction, who: Principal, narrow: dict[str, str | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if narrow.get("project"):
        found["project_id"] = find_project_ever(tx, who, narrow["project"] or "", Action.READ_ASKED).id
    level = narrow.get("sensitivity")
    if level:
        if level not in SENSITIVITIES:
            raise invalid("/sensitivity", "choice", f"must be one of {', '.join(SENSITIVITIES)}")
        found["sensitivity"] = level
    return found


# --- lists ---------------------------------------------------------------------------------------------


@router.get("/providers/{slug}/exposure")
def shown(
    inst: Inst,
    asker: Asker,
    slug: str,
    after: After = None,
    limit: Limit = 1000,
    annotator: OfAnnotator = None,
    project: OfProject = None,
    sensitivity: OfSensitivity = None,
) -> dict[str, Any]:
    """What this provider was shown up to `as_of`: counts, and the showings one by one. The pages of one list
    are of one moment."""
    narrow = {"annotator": annotator, "project": project, "sensitivity": sensitivity}
    return _listed(inst, _of_provider(asker, slug, narrow), after, limit)


@router.get("/annotators/{annotator_id}/exposure")
def shown_to_annotator(
    inst: Inst,
    asker: Asker,
    annotator_id: str,
    after: After = None,
    limit: Limit = 1000,
    project: OfProject = None,
    sensitivity: OfSensitivity = None,
) -> dict[str, Any]:
    """What this annotator was shown up to `as_of`, as for a provider."""
    narrow = {"project": project, "sensitivity": sensitivity}
    return _listed(inst, _of_annotator(asker, annotator_id, narrow), after, limit)


@router.get("/providers/{slug}/exposure/annotators")
def annotators(
    inst: Inst, asker: Asker, slug: str, after: After = None, limit: Limit = 100
) -> dict[str, Any]:
    """The provider's annotators who were shown anything up to `as_of`, with how much, by name where known."""
    scope = _of_provider(asker, slug, {})
    row, horizon = _begun(inst, scope, after)

    def look(tx: Transaction) -> dict[str, Any]:
        which = replace(scope(tx)[0], horizon=horizon)
        items, following = exposure.by_annotator(tx, which, row, limit)
        return {"items": items, "next": _cursor(following, horizon), "as_of": format_time(horizon.at)}

    return inst.database.read(look)


def _listed(inst: Installation, scope: Scope, after: str | None, limit: int) -> dict[str, Any]:
    row, horizon = _begun(inst, scope, after)

    def look(tx: Transaction) -> dict[str, Any]:
        which = replace(scope(tx)[0], horizon=horizon)
        items, following = showings.listing(tx, which, row, limit)
        return {
            "counts": exposure.count(tx, which),
            "items": items,
            "next": _cursor(following, horizon),
            "as_of": format_time(horizon.at),
        }

    return inst.database.read(look)


def _begun(inst: Installation, scope: Scope, after: str | None) -> tuple[int, Horizon]:
    """Where a page begins, and the horizon of its list: taken by the first page, carried on by its cursor."""
    if after:
        parts = [after_key(part) for part in after.split("-")]
        if len(parts) != 3 or "" in after.split("-") or parts[2] > LATEST:
            raise invalid("/after", "cursor", "is not a `next` of a page of this list")
        return parts[0], Horizon(parts[1], parts[2])
    inst.database.read(scope)  # who may not look holds nobody up
    return 0, inst.database.write(showings.horizon)


def _cursor(row: int | None, horizon: Horizon) -> str | None:
    return None if row is None else f"{row}-{horizon.row}-{horizon.at}"


# --- exports -------------------------------------------------------------------------------------------


def _schema_of(media_type: str) -> dict[str, str]:
    return {"type": "object" if media_type == "application/json" else "string"}


_DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A file, all of it of one moment",
        "content": {kind.partition(";")[0]: {"schema": _schema_of(kind)} for kind in MEDIA_TYPES.values()},
    }
}
As = Annotated[Format, Query(alias="format", description="csv, json, or html that prints well")]


@router.get("/providers/{slug}/exposure/export", response_class=StreamingResponse, responses=_DOWNLOAD)
def exported(
    inst: Inst,
    asker: Asker,
    slug: str,
    fmt: As = Format.csv,
    annotator: OfAnnotator = None,
    project: OfProject = None,
    sensitivity: OfSensitivity = None,
) -> StreamingResponse:
    """All that the provider was shown, as a file."""
    narrow = {"annotator": annotator, "project": project, "sensitivity": sensitivity}
    return _exported(inst, _of_provider(asker, slug, narrow), fmt)


@router.get(
    "/annotators/{annotator_id}/exposure/export", response_class=StreamingResponse, responses=_DOWNLOAD
)
def exported_of_annotator(
    inst: Inst,
    asker: Asker,
    annotator_id: str,
    fmt: As = Format.csv,
    project: OfProject = None,
    sensitivity: OfSensitivity = None,
) -> StreamingResponse:
    """All that the annotator was shown, as a file."""
    narrow = {"project": project, "sensitivity": sensitivity}
    return _exported(inst, _of_annotator(asker, annotator_id, narrow), fmt)


def _exported(inst: Installation, scope: Scope, fmt: Format) -> StreamingResponse:
    """Written whole before the first byte leaves: whoever loads it slowly keeps no transaction open, and what
    arrives is either all of it or recognisably cut."""
    _, horizon = _begun(inst, scope, None)
    kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it was sent)

    def write(tx: Transaction) -> str:
        which, subject = scope(tx)
        which = replace(which, horizon=horizon)
        for piece in export(tx, which, subject, fmt):
            kept.write(piece.encode())
        return file_name(subject, which, fmt)

    try:
        name = inst.database.read(write)
    except BaseException:
        kept.close()
        raise
    headers = {
        **_HEADERS,
        "Content-Length": str(kept.tell()),
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(_pieces(kept), media_type=MEDIA_TYPES[fmt], headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
