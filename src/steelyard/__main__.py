"""`python -m steelyard` is the command `steelyard`."""

from steelyard.cli.main import app

app(prog_name="steelyard")
