"""Doors: parse, authorise, one use case, render. Pydantic and FastAPI live only here."""
