"""/healthz, /readyz, /metrics: is the server there, may it be sent work, how much has it done?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from steelyard import __version__
from steelyard.domain.states import ProjectStatus
from steelyard.http.api.common import REFUSALS, Inst
from steelyard.providers.concentration import Thresholds
from steelyard.providers.dependence import measures
from steelyard.store import tables as t
from steelyard.store.database import Transaction
from steelyard.work.tally import by_provider, progress

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, Any]:
    """The process is there."""
    return {"status": "ok", "version": __version__}


@router.get("/readyz", responses={503: REFUSALS[503]})
def ready(inst: Inst) -> dict[str, Any]:
    """The database answers."""
    inst.database.read(lambda tx: tx.execute(sa.select(t.installation.c.id)).scalar_one())
    return {"status": "ready"}


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(inst: Inst) -> PlainTextResponse:
    """Sums per project in the Prometheus text format, and how much hangs on whom; no content and no name is in
    them, projects and providers go by their ids."""

    def look(tx: Transaction) -> list[str]:
        lines = [
            "# HELP steelyard_judgments Current judgments that are no gold.",
            "# TYPE steelyard_judgments gauge",
            "# HELP steelyard_tasks_open Tasks that want answers.",
            "# TYPE steelyard_tasks_open gauge",
        ]
        for row in tx.rows(sa.select(t.project).where(t.project.c.status != ProjectStatus.DELETED)):
            sums = progress(tx, row.id)
            label = f'{{project="{row.public_id}",world="{row.world}"}}'
            lines.append(f"steelyard_judgments{label} {sums.judgments}")
            lines.append(f"steelyard_tasks_open{label} {sums.open}")
        lines.append("# HELP steelyard_providers_working Providers that have answered anything.")
        lines.append("# TYPE steelyard_providers_working gauge")
        lines.append(f"steelyard_providers_working {len({s.provider_id for s in by_provider(tx)})}")
        return lines + _dependence(tx, inst.thresholds)

    return PlainTextResponse(
        "\n".join(inst.database.read(look)) + "\n", media_type="text/plain; version=0.0.4"
    )


_HELP = {
    "share": "Part of a project's judgments that a provider gave.",
    "hhi": "Concentration of a project's judgments, from 0 to 10000, over providers or over sources.",
    "alert": "1 while more hangs on one than the installation's thresholds allow.",
}


def _dependence(tx: Transaction, thresholds: Thresholds) -> list[str]:
    found = measures(tx, thresholds)
    lines: list[str] = []
    for name, said in _HELP.items():
        lines.append(f"# HELP steelyard_dependence_{name} {said}")
        lines.append(f"# TYPE steelyard_dependence_{name} gauge")
        for kind, labels, value in found:
            if kind == name:
                label = ",".join(f'{key}="{text}"' for key, text in labels.items())
                lines.append(f"steelyard_dependence_{name}{{{label}}} {value:g}")
    return lines
