"""Leaving: the plan, the steps that carry it out, and what is left."""
