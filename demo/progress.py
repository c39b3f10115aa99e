"""How does the run tell what it is doing? A bar on a terminal, else a plain line every couple of seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

EVERY_S = 2.0
WIDTH = 110  # where there is no terminal
Follow = Callable[[int, str], None]


class Teller:
    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, soft_wrap=True, width=WIDTH)
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def part(self, title: str) -> None:
        """A new part of the run begins."""
        self.console.print(f"\n[bold]{title}[/bold]  [dim]{self.seconds:.0f} s[/dim]")

    def say(self, text: str, style: str | None = None) -> None:
        self.console.print(f"  {text}", style=style, markup=False)

    def table(self, table: Table) -> None:
        self.console.print(table, soft_wrap=False)

    @contextmanager
    def following(self, title: str, total: int) -> Iterator[Follow]:
        """Gives a function to call with how many are done and a note, as often as one likes."""
        if self.console.is_terminal:
            columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
            with Progress(
                *columns, TimeElapsedColumn(), TextColumn("{task.fields[note]}"), console=self.console
            ) as bar:
                shown = bar.add_task(title, total=total, note="")
                yield lambda done, note: bar.update(shown, completed=done, note=note)
            return
        told = 0.0

        def line(done: int, note: str) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= EVERY_S:
                told = now
                self.console.print(
                    f"  {title}: {done:,} of {total:,}{'  ' + note if note else ''}", markup=False
                )

        yield line


def plain_table(*headings: str) -> Table:
    """A table whose first column is text and whose others are figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("  " + headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    return table
