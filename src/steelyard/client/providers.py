"""Providers: what they are worth, what they saw, what hangs on them, and leaving them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from steelyard.client.shapes import Exit, Provider, Showing
from steelyard.client.transport import Transport, quoted


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

    def exposure(self, provider: str, *, project: str | None = None) -> Iterator[Showing]:
        """What a provider was shown, as of the moment of the first row."""
        path = f"/api/providers/{quoted(provider)}/exposure"
        return self.pages(path, {"project": project, "limit": 1000})

    def exit_plan(self, provider: str) -> dict[str, Any]:
        """What leaving a provider would do; nothing is changed."""
        path = f"/api/providers/{quoted(provider)}/exit"
        return self.request("POST", path, body={"execute": False}, repeatable=True).json()

    def leave(self, provider: str, **options: Any) -> Exit:
        """Leaves a provider: it is stopped at once, and the steps of the exit begin. Not repeated by itself."""
        return self.post(f"/api/providers/{quoted(provider)}/exit", {"execute": True, **options})

    def exits(self, *, provider: str | None = None) -> Iterator[Exit]:
        """Exits, the newest first, without their plans."""
        return self.pages("/api/exits", {"provider": provider})

    def exit(self, exit_id: str) -> Exit:
        """An exit with its steps as they stand."""
        return self.get(f"/api/exits/{quoted(exit_id)}")

    def certificate(self, exit_id: str, *, fresh: bool = False) -> dict[str, Any]:
        """What was found after an exit, signed; `fresh` looks again now."""
        return self.get(f"/api/exits/{quoted(exit_id)}/certificate", fresh=fresh or None)

    def drills(self, *, provider: str | None = None) -> Iterator[dict[str, Any]]:
        """Exits that were rehearsed on a copy."""
        return self.pages("/api/drills", {"provider": provider})

    def organisations(self, *, name: str | None = None) -> Iterator[dict[str, Any]]:
        """Legal entities, with who holds them."""
        return self.pages("/api/organisations", {"name": name})
