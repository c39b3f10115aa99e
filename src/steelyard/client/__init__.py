"""How does a program talk to a Steelyard server? The Python client of our own API; it imports nothing else
of the house."""

from steelyard.client.client import Client
from steelyard.client.errors import ClientError, PackageMissing, Refused, Unreachable
from steelyard.client.rows import Rows

__all__ = ["Client", "ClientError", "PackageMissing", "Refused", "Rows", "Unreachable"]
