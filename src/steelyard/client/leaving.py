"""Leaving a provider: planned, rehearsed, carried out, or by a share that declines; and its coming back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.client.shapes import Exit
from steelyard.client.transport import Transport, given, quoted


class Leaving(Transport):
    """Exits, drills, phase-outs and reinstatements."""

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

    def start_drill(self, provider: str, **options: Any) -> dict[str, Any]:
        """Rehearses leaving a provider on a copy; nothing is changed. Not repeated by itself."""
        return self.post(f"/api/providers/{quoted(provider)}/drill", options)

    def drills(self, *, provider: str | None = None) -> Iterator[dict[str, Any]]:
        """Exits that were rehearsed on a copy."""
        return self.pages("/api/drills", {"provider": provider})

    def drill(self, drill_id: str) -> dict[str, Any]:
        """What a drill has found, or how far it is."""
        return self.get(f"/api/drills/{quoted(drill_id)}")

    def plan_document(self, provider: str) -> bytes:
        """The plan of leaving a provider as a page of HTML to print and sign."""
        return self.request("GET", f"/api/providers/{quoted(provider)}/exit/plan.html").content

    def certificate_document(self, exit_id: str) -> bytes:
        """The certificate of an exit as a page of HTML."""
        return self.request("GET", f"/api/exits/{quoted(exit_id)}/certificate.html").content

    def report_document(self, drill_id: str) -> bytes:
        """The report of a drill as a page of HTML."""
        return self.request("GET", f"/api/drills/{quoted(drill_id)}/report.html").content

    def phase_out(self, provider: str) -> dict[str, Any]:
        """Where leaving by a share that declines stands."""
        return self.get(f"/api/providers/{quoted(provider)}/phase-out")

    def start_phase_out(
        self,
        provider: str,
        ends: str,
        *,
        starts: str | None = None,
        steps: int | None = None,
        options: dict[str, Any] | None = None,
        preview: bool = False,
    ) -> dict[str, Any]:
        """Leaves a provider by a share that declines to the date `ends`; `preview` shows how, and changes nothing."""
        path = f"/api/providers/{quoted(provider)}/phase-out"
        body = given(ends=ends, starts=starts, steps=steps, options=options)
        params = {"preview": True if preview else None}
        return self.request("POST", path, body=body, params=params, repeatable=preview).json()

    def end_phase_out(self, provider: str) -> None:
        """Ends a phase-out: the provider's share is as it was."""
        self.delete(f"/api/providers/{quoted(provider)}/phase-out")

    def reinstatement(self, provider: str) -> dict[str, Any]:
        """What must hold for a provider that was left to come back."""
        return self.get(f"/api/providers/{quoted(provider)}/reinstatement")

    def reinstate(self, provider: str, **options: Any) -> dict[str, Any]:
        """Puts a provider that was left on trial. Raises `Refused` (409 conditions)."""
        return self.post(f"/api/providers/{quoted(provider)}/reinstatement", options)
