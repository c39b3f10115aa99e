"""Is this the run that takes its time? Set STEELYARD_TESTS=long: every test on both kinds of database, and the
searches for faults with many more examples.
"""

from __future__ import annotations

import os


def thorough() -> bool:
    return os.environ.get("STEELYARD_TESTS") == "long"
