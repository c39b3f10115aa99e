"""What can be set? Every setting of an installation, in one place, with its environment variable.

A command's option goes before the environment, the environment before the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    data: Path = Path("steelyard-data")  # the data folder: database, blobs, keys, releases
    database_url: str | None = None  # a PostgreSQL URL; the embedded SQLite file unless given
    storage_url: str | None = None  # where blobs lie: s3://, gs://, az://; the data folder unless given
    host: str = "127.0.0.1"  # the address the server listens on
    port: int = 8000  # the port the server listens on
    currency: str = "USD"  # the one currency of prices and budgets; fixed when the folder is made
    allow_private_urls: bool = False  # fetch content from addresses inside private networks too (1 or 0)
    dependence_alert_share: float = (
        0.6  # one provider's or organisation's share above which an alert is raised
    )
    dependence_alert_hhi: int = 5500  # the concentration over sources (0 to 10,000) above which one is raised


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from STEELYARD_DATA, STEELYARD_DATABASE_URL, ...; raises ValueError naming the variable."""
    given = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for f in fields(Settings):
        variable = variable_of(f.name)
        text = given.get(variable)
        if text is None or text == "":
            continue
        values[f.name] = _read(f.name, variable, text)
    return Settings(**values)  # type: ignore[arg-type]


def variable_of(name: str) -> str:
    return f"STEELYARD_{name.upper()}"


def _read(name: str, variable: str, text: str) -> object:
    if name == "data":
        return Path(text)
    if name == "port":
        if not text.isdecimal() or int(text) > 65535:
            raise ValueError(f"{variable} must be a port number, not {text!r}")
        return int(text)
    if name == "dependence_alert_share":
        return _number(variable, text, 1)
    if name == "dependence_alert_hhi":
        return round(_number(variable, text, 10_000))
    if name == "allow_private_urls":
        if text not in ("0", "1"):
            raise ValueError(f"{variable} must be 1 or 0, not {text!r}")
        return text == "1"
    return text


def _number(variable: str, text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise ValueError(f"{variable} must be a number from 0 to {most:g}, not {text!r}")
    return value
