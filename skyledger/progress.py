"""A progress bar on stderr for long work; silent where nobody looks."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar(title: str) -> Generator[Callable[[float, str], None], None, None]:
    """A function (share done, what) -> None that draws the bar."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[what]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(title, total=1.0, what="")
        yield lambda share, what: progress.update(task, completed=share, what=what)
