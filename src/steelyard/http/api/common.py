"""What do the handlers of /api share? The installation, key-set pages, and Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, model_validator

from steelyard.domain.errors import Conflict, Invalid, Problem, invalid
from steelyard.domain.times import SECOND
from steelyard.formats.storable import step, storable
from steelyard.http.description import refusal
from steelyard.identity.policy import Principal
from steelyard.ledger.commitments import canonical
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.store.page import Page
from steelyard.store.upsert import upsert
from steelyard.wiring import Installation

REMEMBERED_FOR = 24 * 3600 * SECOND
MOST = 1000


class Body(BaseModel):
    """A JSON body; what it does not name is checked, and refused, by the use case."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _kept_as_sent(cls, sent: Any) -> Any:
        return storable(sent)


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: refusal("The request cannot be read"),
    401: refusal("Nobody known is asking"),
    403: refusal("The role does not allow it"),
    404: refusal("There is no such thing, or the role does not reach it"),
    409: refusal("The state of things forbids it now"),
    413: refusal("Larger than the installation takes"),
    415: refusal("Not a content type that is taken here"),
    422: refusal("The input is wrong; each error points to its place"),
    503: refusal("The database was busy, or could not be reached; try again"),
    507: refusal("No space is left; nothing was written"),
}


def installation_of(request: Request) -> Installation:
    return request.app.state.installation


Inst = Annotated[Installation, Depends(installation_of)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
After = Annotated[str | None, Query(description="`next` of the page before", max_length=64)]
Limit = Annotated[int, Query(ge=1, le=MOST)]


def after_key(after: str | None) -> int:
    """The row key that a page goes on after; 0 at the beginning."""
    if after is None or after == "":
        return 0
    if not after.isascii() or not after.isdecimal() or len(after) > 18:
        raise invalid("/after", "cursor", "is not a `next` of a page of this list")
    return int(after)


def next_of(page: Page) -> str | None:
    """What a list says in `next`."""
    return None if page.next is None else str(page.next)


def fields_of(body: Body) -> dict[str, Any]:
    """What the caller sent, and nothing that it did not."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def refuse_unknown(body: Body, what: str) -> None:
    """Raises `Invalid` for every field that `what` does not have: one that is ignored is a promise broken."""
    unknown = sorted(body.__pydantic_extra__ or {})
    if unknown:
        problems = [Problem(f"/{step(name)}", "unknown", f"is not a field of {what}") for name in unknown]
        raise Invalid(problems)


def once(
    tx: Transaction,
    who: Principal,
    request_line: str,
    key: str | None,
    body: Any,
    do: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Does it, or gives the answer that the same key and body got before (within 24 hours).

    The scope is world, person, method and path. Raises `Conflict` for the same key with another body.
    """
    if key is None:
        return do()
    scope = hashlib.sha256(f"{who.world}\n{who.person}\n{request_line}\n{key}".encode()).hexdigest()
    digest = hashlib.sha256(canonical(body)).hexdigest()
    table = t.remembered_post
    tx.execute(sa.delete(table).where(table.c.at < tx.now - REMEMBERED_FOR))
    first = tx.execute(
        upsert(tx, table)
        .values(scope=scope, body_digest=digest, status=0, at=tx.now)
        .on_conflict_do_nothing()
        .returning(table.c.scope)
    ).first()
    if first is None:  # a row count is not told for this statement by every driver
        seen = tx.execute(sa.select(table).where(table.c.scope == scope)).one()
        if seen.body_digest != digest:
            raise Conflict("this Idempotency-Key came before with another body", "idempotency_mismatch")
        return seen.answer
    answer = do()
    tx.execute(sa.update(table).where(table.c.scope == scope).values(status=1, answer=answer))
    return answer
