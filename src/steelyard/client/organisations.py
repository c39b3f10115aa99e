"""Organisations: legal entities, and who holds them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from steelyard.client.transport import Transport, quoted


class Organisations(Transport):
    """Of a change `preview` says what would stop, resume and go back, and changes nothing."""

    def organisations(self, *, name: str | None = None) -> Iterator[dict[str, Any]]:
        """Legal entities, with who holds them."""
        return self.pages("/api/organisations", {"name": name})

    def organisation(self, organisation: str) -> dict[str, Any]:
        """One organisation, by its id, with what it reaches."""
        return self.get(f"/api/organisations/{quoted(organisation)}")

    def create_organisation(self, name: str, *, preview: bool = False, **fields: Any) -> dict[str, Any]:
        """Makes an organisation, once: aliases, lei, country, interests (who holds it)."""
        params = {"preview": True if preview else None}
        key = uuid.uuid4().hex
        body = {"name": name, **fields}
        return self.request(
            "POST", "/api/organisations", body=body, params=params, idempotency_key=key
        ).json()

    def update_organisation(
        self, organisation: str, *, preview: bool = False, **changes: Any
    ) -> dict[str, Any]:
        """Changes what is named; lists are replaced whole."""
        more = {"preview": True} if preview else {}
        return self.patch(f"/api/organisations/{quoted(organisation)}", changes, **more)

    def import_holdings(
        self, rows: Sequence[dict[str, Any]] | bytes, *, preview: bool = False
    ) -> dict[str, Any]:
        """Takes in who holds whom, all of it or nothing: `{"holder", "held", "share"}` each, or CSV as bytes."""
        path, params = "/api/organisations/import", {"preview": True if preview else None}
        if isinstance(rows, bytes):
            response = self.request("POST", path, content=rows, content_type="text/csv", params=params)
        else:
            response = self.request("POST", path, body=list(rows), params=params)
        return response.json()
