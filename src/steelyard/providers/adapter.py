"""What is an adapter?

It says how one kind of provider is reached. Adapters are found through the entry-point group
`steelyard.providers`, the built-in ones too, so a kind from outside is as good as one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from steelyard.domain.errors import Problem, invalid

GROUP = "steelyard.providers"
CheckConfig = Callable[[Mapping[str, Any]], list[Problem]]


@dataclass(frozen=True)
class Adapter:
    """`kind`: its name. `pulls`: its annotators claim through our own doors. `check_config` names, with
    pointers below /config, what is wrong with a provider's configuration. `secrets`: fields of the
    configuration that never leave again. `doors`: fields that say where the provider is called. `recall`
    tells the provider, by its configuration, to take back what lies with it, and says in one sentence what
    came of that; None where nothing can be called back."""

    kind: str
    description: str
    pulls: bool
    check_config: CheckConfig
    secrets: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    recall: Callable[[Mapping[str, Any]], str] | None = None


@cache
def _points() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=GROUP)}


def adapter_named(kind: Any) -> Adapter:
    """The adapter of this kind; raises `Invalid` at /kind when none is installed."""
    if not isinstance(kind, str) or kind not in _points():
        raise invalid("/kind", "choice", f"must be one of {', '.join(sorted(_points()))}")
    return _points()[kind].load()


def no_config(config: Mapping[str, Any]) -> list[Problem]:
    """For kinds that need none: every field is one too many."""
    return [
        Problem(f"/config/{name}", "unknown", "this kind of provider has no such setting") for name in config
    ]
