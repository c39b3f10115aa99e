"""/api/session: signing in and out of the pages.

It never answers with an error for a page that nobody is signed in to, so no page logs one.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from steelyard import __version__
from steelyard.domain.errors import Unauthenticated
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.http.auth import COOKIE, Asker, check_origin
from steelyard.http.render import session_json
from steelyard.identity.sessions import LASTS, sign_in_with_key, sign_in_with_link, sign_out
from steelyard.store.database import Transaction

router = APIRouter(
    prefix="/api", tags=["session"], responses={s: REFUSALS[s] for s in (400, 401, 403, 422, 503)}
)
NOBODY: dict[str, Any] = {"person": None, "version": __version__}


@router.get("/session")
def read_session(inst: Inst, asker: Asker) -> dict[str, Any]:
    """Who is signed in; `person` is null when nobody is."""

    def look(tx: Transaction) -> dict[str, Any]:
        try:
            return session_json(tx, asker.principal(tx))
        except Unauthenticated:
            return NOBODY

    return inst.database.read(look)


@router.post("/session")
def open_session(
    inst: Inst, request: Request, response: Response, body: Annotated[dict[str, Any], Body()]
) -> dict[str, Any]:
    """Signs in with `{"key"}` or the `{"token"}` of a one-time link; the answer says when it did not work."""
    check_origin(request)  # or another site could sign its reader in as somebody else
    key, token = body.get("key"), body.get("token")

    def enter(tx: Transaction) -> tuple[str | None, dict[str, Any]]:
        try:
            if isinstance(token, str) and token:
                secret, who = sign_in_with_link(tx, token)
            elif isinstance(key, str) and key.strip():
                secret, who = sign_in_with_key(tx, key.strip())
            else:
                return None, {**NOBODY, "error": "Enter a key."}
        except Unauthenticated as refused:
            return None, {**NOBODY, "error": f"{refused.message[0].upper()}{refused.message[1:]}."}
        return secret, session_json(tx, who)

    secret, answer = inst.database.write(enter)
    if secret is not None:
        response.set_cookie(
            COOKIE,
            secret,
            max_age=LASTS // 1_000_000,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )
    return answer


@router.delete("/session", status_code=204)
def close_session(inst: Inst, asker: Asker, response: Response) -> None:
    """Signs out; the session is over on the server too."""
    session = asker.session
    if session is not None:
        inst.database.write(lambda tx: sign_out(tx, session))
    response.delete_cookie(COOKIE, path="/")
