"""What is true, given what several annotators answered?

A pure library: arrays in, a frozen record out; nothing here reads a file, a clock or a database.
"""

from __future__ import annotations

from steelyard.truth.aggregate import aggregate
from steelyard.truth.agreement import Agreement, agreement
from steelyard.truth.encode import UnusableLabels
from steelyard.truth.result import Annotators, Truth
from steelyard.truth.skill import roll_up

__all__ = ["Agreement", "Annotators", "Truth", "UnusableLabels", "aggregate", "agreement", "roll_up"]
