"""organisation: legal entities, their aliases, and who holds whom."""

from __future__ import annotations
