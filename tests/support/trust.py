"""How does a test make hundreds of HTTP clients without reading all trusted certificates for each?

To read them takes 30 ms, and no test speaks TLS. They are read once in a process.
"""

from __future__ import annotations

import functools

from httpx._transports import default


def read_once() -> None:
    """Let every client of this process that asks for the usual trust have the same."""
    default.create_ssl_context = functools.cache(default.create_ssl_context)
