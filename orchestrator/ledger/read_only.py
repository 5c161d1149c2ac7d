"""Open a SQLite file where nothing can be written: in a read-only folder, without permission, on a full disk."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path


def open_unwritable(file: Path) -> sqlite3.Connection:
    """A read-only connection that sees the last commit.

    A write-ahead log needs an index beside it. Where that is there it is used; where the log is empty none is needed;
    else file and log are copied to where an index can be made, and held in memory.

    Raises:
        sqlite3.OperationalError: the file cannot be read either.
        OSError: there is no room for the copy.

    """
    log = file.with_name(file.name + "-wal")
    connection = _connect(file, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
    else:
        return connection
    if not log.exists() or log.stat().st_size == 0:
        return _connect(file, "mode=ro&immutable=1")
    return _in_memory(file, log)


def _connect(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, isolation_level=None)


def _in_memory(file: Path, log: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    with tempfile.TemporaryDirectory(prefix="skyledger-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with closing(sqlite3.connect(copy)) as copied:
            copied.backup(memory)
    return memory
