"""How does a door say what a change would stop, without making it?

By making it and rolling it back: a preview and the change run the same code and cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query

from steelyard.identity.policy import Action, Principal, may
from steelyard.store.database import Transaction
from steelyard.wiring import Installation
from steelyard.work.effect import Effect

Preview = Annotated[bool, Query(description="say what would stop and what would go on; nothing is changed")]
PREVIEWED: dict[int | str, dict[str, Any]] = {200: {"description": "A preview: nothing was made"}}


def carried(
    inst: Installation, preview: bool, change: Callable[[Transaction], dict[str, Any]]
) -> dict[str, Any]:
    """The answer to a change, or to what it would have been."""
    answer = inst.database.rehearse(change) if preview else inst.database.write(change)
    return {**answer, "preview": preview}


def effect_json(who: Principal, effect: Effect) -> dict[str, Any]:
    """What a change stopped; who may not read providers is not told which, nor why."""
    shown = effect.to_json()
    if may(who, Action.READ_PROVIDERS) and who.inhouse:
        return shown
    return {name: value for name, value in shown.items() if name not in ("stopped", "resumed")}
