"""How does a program talk to a Steelyard server? The Python client of our own API; it imports nothing else
of the house."""

from steelyard.client.client import Client, Refused, Unreachable

__all__ = ["Client", "Refused", "Unreachable"]
