"""How far the load is: a bar on a terminal, a line per table elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def showing_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A function to call with a table's name, rows loaded, rows in all."""
    if sys.stdout.isatty():
        with _bars() as on_progress:
            yield on_progress
    else:
        yield _print_finished


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:

        def on_progress(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = progress.add_task(table, total=total)
            progress.update(tasks[table], completed=done)

        yield on_progress


def _print_finished(table: str, done: int, total: int) -> None:
    if done == total:
        print(f"{table}: {total} records", flush=True)
