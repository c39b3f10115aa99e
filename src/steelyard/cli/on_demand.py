"""How is a command there without its modules being read before somebody wants it?

A server starts without what other commands need: of each command there is only its name, until it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# By name, in the order in which help lists them: the module and what is meant there, and what a group's help says.
COMMANDS: dict[str, tuple[str, str, str | None]] = {
    "serve": ("server", "serve", None),
    "migrate": ("server", "migrate_command", None),
    "key": ("keys", "app", "Make, list and revoke keys."),
    "project": ("projects", "app", "What is asked, archived, deleted."),
    "person": ("people", "app", "Who is there, and what they know."),
    "team": ("teams", "app", "People that work can be given to together."),
    "provider": ("providers", "app", "Who answers, and what they are worth."),
    "organisation": ("organisations", "app", "Legal entities, and who holds whom."),
    "dependence": ("dependence", "dependence_command", None),
    "exit": ("exits", "exit_command", None),
    "exposure": ("exposure", "exposure_command", None),
    "release": ("release", "release_app", "Build and verify releases."),
    "import": ("intake", "import_command", None),
    "export": ("export", "export_command", None),
    "aggregate": ("aggregate", "aggregate_command", None),
    "agreement": ("aggregate", "agreement_command", None),
}


class _Read(Mapping[str, Any]):
    """Every command by its name; one is read when it is taken."""

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            module, meant, said = COMMANDS[name]
            found = getattr(import_module(f"steelyard.cli.{module}"), meant)
            alone = typer.Typer(add_completion=False)
            if isinstance(found, typer.Typer):
                alone.add_typer(found, name=name, help=said)
                self._read[name] = get_command(alone).commands[name]  # type: ignore[attr-defined]
            else:
                alone.command(name)(found)
                self._read[name] = get_command(alone)
        return self._read[name]


class OnDemand(TyperGroup):
    """A group of all commands, none of which is read before it is wanted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Read()  # type: ignore[assignment]
