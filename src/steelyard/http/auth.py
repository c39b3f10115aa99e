"""Who is asking? A key as HTTP Basic user name or Bearer, or the session of a browser.

The credentials are looked up inside the transaction of the use case, never before it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from steelyard.domain.errors import Forbidden, Unauthenticated
from steelyard.identity.keys import authenticate_key
from steelyard.identity.policy import Principal
from steelyard.identity.sessions import authenticate_session
from steelyard.store.database import Transaction

COOKIE = "steelyard_session"
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Credentials:
    key: str | None = None
    session: str | None = None

    def __repr__(self) -> str:  # a secret in a log is a secret no more
        return f"Credentials({'key' if self.key else 'session' if self.session else 'none'})"

    def principal(self, tx: Transaction) -> Principal:
        """Who this is, as of this transaction; raises `Unauthenticated`."""
        if self.key is not None:
            return authenticate_key(tx, self.key)
        if self.session is not None:
            return authenticate_session(tx, self.session)
        raise Unauthenticated("send a key as HTTP Basic user name or as Bearer")


def credentials(request: Request) -> Credentials:
    header = request.headers.get("authorization")
    if header:
        return Credentials(key=_key(header))
    cookie = request.cookies.get(COOKIE)
    if cookie and request.method not in _SAFE:
        check_origin(request)
    return Credentials(session=cookie or None)


def _key(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(rest.strip(), validate=True).decode().partition(":")[0]
        except ValueError:  # not base64, or not text
            user = ""
        if user:
            return user
    raise Unauthenticated("the Authorization header holds no key")


def check_origin(request: Request) -> None:
    """A cookie counts only for our own pages: another site's page cannot make its reader act."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("a session acts only from its own pages", "cross_site")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("a session acts only from its own pages", "cross_site")


Asker = Annotated[Credentials, Depends(credentials)]
