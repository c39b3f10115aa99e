"""Which commands are there, and how does one end that was called wrongly or met a fault?

With --json stdout holds one JSON object however the command ended.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Annotated, Any

import typer

from steelyard import __version__
from steelyard.cli.endings import NOT_JUDGED, WRONG_USE
from steelyard.cli.on_demand import OnDemand


class Program(typer.Typer):
    """The commands as one program: wrong use ends with 2 and a fault with 3, never with 1, "the answer is no"."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        try:
            status = super().__call__(*arguments, standalone_mode=False, **options)
        except Exception as error:
            sys.exit(_tell(error))
        sys.exit(status if isinstance(status, int) else 0)


def _tell(error: Exception) -> int:
    say = getattr(error, "format_message", None)  # the parser's own refusals have one
    if say is not None:
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]
        message, code, status = say(), "usage", WRONG_USE
    elif isinstance(error, typer.Abort):
        message, code, status = "aborted", "aborted", NOT_JUDGED
        print(message, file=sys.stderr)
    else:
        traceback.print_exception(error)
        message, code, status = f"{type(error).__name__}: {error}", "fault", NOT_JUDGED
    if "--json" in sys.argv:
        print(json.dumps({"error": message, "code": code}), flush=True)
    return status


app = Program(
    name="steelyard",
    cls=OnDemand,
    help="An independent training-data engine: weigh what providers deliver, and leave them when you must.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"steelyard {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass
