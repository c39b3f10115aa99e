"""Providers: what they are worth, what they saw, and what hangs on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import IO, Any

from steelyard.client.shapes import Provider, Showing
from steelyard.client.transport import Transport, given, quoted


class Providers(Transport):
    """Where answers and data come from."""

    def create_provider(self, name: str, **fields: Any) -> Provider:
        """Makes a provider, once: kind, interests or owner, clearance, price, config, contract, status."""
        return self.post("/api/providers", {"name": name, **fields}, idempotency_key=uuid.uuid4().hex)

    def providers(self, *, name: str | None = None) -> Iterator[Provider]:
        """All providers; `name` finds one by its name."""
        return self.pages("/api/providers", {"name": name})

    def provider(self, provider: str) -> Provider:
        """One provider, by its slug."""
        return self.get(f"/api/providers/{quoted(provider)}")

    def update_provider(self, provider: str, *, preview: bool = False, **changes: Any) -> dict[str, Any]:
        """Changes what is named; lists are replaced whole. `preview` says what would stop, and changes nothing."""
        more = {"preview": True} if preview else {}
        return self.patch(f"/api/providers/{quoted(provider)}", changes, **more)

    def scorecard(self, provider: str) -> dict[str, Any]:
        """What a provider's answers are worth, with intervals."""
        return self.get(f"/api/providers/{quoted(provider)}/scorecard")

    def dependence(self, provider: str | None = None, *, project: str | None = None) -> dict[str, Any]:
        """What hangs on a provider, or on each of them."""
        if provider is None:
            return self.get("/api/dependence", project=project)
        return self.get(f"/api/providers/{quoted(provider)}/dependence")

    def exposure(
        self,
        provider: str,
        *,
        project: str | None = None,
        annotator: str | None = None,
        sensitivity: str | None = None,
    ) -> Iterator[Showing]:
        """What a provider was shown, as of the moment of the first row."""
        path = f"/api/providers/{quoted(provider)}/exposure"
        params = {"project": project, "annotator": annotator, "sensitivity": sensitivity, "limit": 1000}
        return self.pages(path, params)

    def exposure_counts(self, provider: str) -> dict[str, int]:
        """How much a provider was shown: tasks and showings."""
        return self.get(f"/api/providers/{quoted(provider)}/exposure", limit=1)["counts"]

    def exposed_annotators(self, provider: str) -> Iterator[dict[str, Any]]:
        """How much each annotator of a provider was shown."""
        return self.pages(f"/api/providers/{quoted(provider)}/exposure/annotators", {"limit": 1000})

    def annotator_exposure(
        self, annotator: str, *, project: str | None = None, sensitivity: str | None = None
    ) -> Iterator[Showing]:
        """What one annotator was shown."""
        path = f"/api/annotators/{quoted(annotator)}/exposure"
        return self.pages(path, {"project": project, "sensitivity": sensitivity, "limit": 1000})

    def export_exposure(
        self, file: IO[bytes], *, provider: str | None = None, annotator: str | None = None, **params: Any
    ) -> None:
        """Writes what a provider or an annotator was shown into an open file; `format` is csv, json or html."""
        if provider is not None:
            path = f"/api/providers/{quoted(provider)}/exposure/export"
            params = {**params, "annotator": annotator}
        else:
            path = f"/api/annotators/{quoted(annotator or '')}/exposure/export"
        self.download(path, params, file)

    def who_has_seen(
        self,
        *,
        text: str | None = None,
        hash: str | None = None,
        data: bytes | None = None,
        project: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Who was shown a text, what has this hash, or these bytes; the same question goes on `after` its `next`."""
        path, params = "/api/exposure/search", {"after": after, "limit": limit}
        if data is not None:
            kind = "application/octet-stream"
            response = self.request(
                "POST", path, content=data, content_type=kind, params=params, repeatable=True
            )
        else:
            body = given(text=text, hash=hash, project=project)
            response = self.request("POST", path, body=body, params=params, repeatable=True)
        return response.json()
