"""How do a thousand small databases of one test process not compile the same statements a thousand times?

SQLAlchemy keeps what it compiled with the engine, under its dialect object. All engines of a kind are given
the dialect and the compiled statements of the first one, which changes no statement that is sent.
"""

from __future__ import annotations

from typing import Any

from steelyard.store.database import Database

_first: dict[str, tuple[Any, Any]] = {}


def share_compiled(database: Database) -> None:
    """Let a database that has just been opened use what others of its kind in this process have compiled."""
    engines: list[Any] = [
        engine for name in ("_engine", "_snapshots") if (engine := getattr(database, name, None)) is not None
    ]
    if database.dialect not in _first:
        with engines[0].connect():
            pass  # the dialect learns about its server with the first connection
        _first[database.dialect] = (engines[0].dialect, engines[0]._compiled_cache)
    for engine in engines:
        engine.dialect, engine._compiled_cache = _first[database.dialect]
