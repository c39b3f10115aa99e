"""Steelyard: an independent training-data engine that weighs what any mix of providers delivers."""

__version__ = "0.1.0"
