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
from steelyard.cli import (
    dependence,
    exits,
    export,
    exposure,
    intake,
    keys,
    organisations,
    people,
    projects,
    providers,
    server,
    teams,
)
from steelyard.cli.aggregate import aggregate_command, agreement_command
from steelyard.cli.common import NOT_JUDGED, WRONG_USE
from steelyard.cli.release import release_app


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


app.command("serve")(server.serve)
app.command("migrate")(server.migrate_command)
app.add_typer(keys.app, name="key", help="Make, list and revoke keys.")
app.add_typer(projects.app, name="project", help="What is asked, archived, deleted.")
app.add_typer(people.app, name="person", help="Who is there, and what they know.")
app.add_typer(teams.app, name="team", help="People that work can be given to together.")
app.add_typer(providers.app, name="provider", help="Who answers, and what they are worth.")
app.add_typer(organisations.app, name="organisation", help="Legal entities, and who holds whom.")
app.command("dependence")(dependence.dependence_command)
app.command("exit")(exits.exit_command)
app.command("exposure")(exposure.exposure_command)
app.add_typer(release_app, name="release", help="Build and verify releases.")
app.command("import")(intake.import_command)
app.command("export")(export.export_command)
app.command("aggregate")(aggregate_command)
app.command("agreement")(agreement_command)
