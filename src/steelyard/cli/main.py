"""Which commands are there?"""

from __future__ import annotations

from typing import Annotated

import typer

from steelyard import __version__
from steelyard.cli import exits, intake, keys, providers, server
from steelyard.cli.aggregate import aggregate_command, agreement_command
from steelyard.cli.release import release_app

app = typer.Typer(
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
app.add_typer(providers.app, name="provider", help="Who answers, and what they are worth.")
app.command("exit")(exits.exit_command)
app.add_typer(release_app, name="release", help="Build and verify releases.")
app.command("import")(intake.import_command)
app.command("aggregate")(aggregate_command)
app.command("agreement")(agreement_command)
