"""What tests of every kind stand on: a real PostgreSQL, a real browser, a clock that can be moved."""
