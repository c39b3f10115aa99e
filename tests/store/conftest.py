"""What tests against a database may ask for beside the database itself."""

from __future__ import annotations

import pytest
from support.world import World

from steelyard.store.database import Database


@pytest.fixture
def world(database: Database) -> World:
    """An installation with an owner; the test runs once on each kind of database."""
    return World(database)
