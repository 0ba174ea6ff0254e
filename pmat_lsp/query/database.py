"""SQL over the views of a heap, by DuckDB; the one module that knows it. DuckDB is optional, and imported when needed.

Who asks may be wrong or hostile, and so may the dump be: the SQL is one SELECT, which reaches no file, no network and
no extension, cannot change a setting, and spills nothing onto the disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress
from pmat_lsp.query.view import View, no_texts
from pmat_lsp.query.views import VIEWS
from pmat_lsp.render.escape import portable, visible
from pmat_lsp.session import Dump
from pmat_lsp.units import format_count

if TYPE_CHECKING:
    import duckdb

_CLOSED = {  # In this order: the last one forbids to set any other.
    "enable_external_access": "false",
    "lock_configuration": "true",
}
_QUIET = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Every array of objects holds texts. Without pandas, DuckDB 1 takes seconds to guess that: for each value that it
    # looks at it tries to import pandas.
    "pandas_analyze_sample": "0",
    # Without it SQL could read the variables of this program.
    "python_enable_replacements": "false",
    "temp_directory": "",
}
_NOT_READ = "was not read"
"""In the error where a query comes upon a raw column that was left out."""
_SQL_TYPES = {
    np.dtype(numpy): sql
    for numpy, sql in (
        (np.bool_, "BOOLEAN"),
        (np.int32, "INTEGER"),
        (np.int64, "BIGINT"),
        (np.uint32, "UINTEGER"),
        (np.uint64, "UBIGINT"),
        (np.object_, "VARCHAR"),
    )
}
_INTEGERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER")
_ADDRESSES = frozenset(column.name for view in VIEWS for column in view.columns if column.is_address)
_ADDRESS = re.compile("0x[0-9a-f]{1,16}")
_WAIT = 0.1
"""Seconds between two looks at whether the answer is still wanted."""
Result = TypeVar("Result")


def query_table(dump: Dump, sql: str, most: int | None, progress: Progress) -> Table:
    """The rows that a SELECT finds.

    Args:
        dump: whose views it names.
        sql: one statement.
        most: rows to tell, None for all.
        progress: called now and then; when it raises the query is ended.

    Whole numbers stay numbers, any other value is the text that DuckDB has for it.

    Raises:
        PmatError: DuckDB is not installed, or the SQL is wrong, or is no SELECT, or cannot be answered.
    """
    with _connected(dump, _CLOSED) as connection:
        select = _one_select(connection, sql)
        named = [view for view in VIEWS if re.search(rf"\b{view.name}\b", sql, re.IGNORECASE)]
        _add_samples(connection, named)
        _add_views(connection, dump, named, progress, _columns_read(connection, select))
        try:
            return _waited_for(connection, lambda: _answer(connection, select, most), progress)
        except Exception as error:
            if _NOT_READ not in str(error):
                raise
        # DuckDB reads more than it said.
        _add_views(connection, dump, named, progress)
        return _waited_for(connection, lambda: _answer(connection, select, most), progress)


def write_parquet(dump: Dump, folder: Path, progress: Progress) -> None:
    """Every view as a file of a folder: `svs.parquet`; what is there by that name is overwritten.

    Raises:
        PmatError: DuckDB is not installed, or a file cannot be written.
    """
    with _connected(dump, {}) as connection:
        _add_views(connection, dump, VIEWS, progress)
        for view in VIEWS:
            path = str(folder / f"{view.name}.parquet").replace("'", "''")
            copy = f"COPY {view.name} TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            _waited_for(connection, lambda copy=copy: connection.execute(copy), progress)  # type: ignore[misc]


@contextmanager
def _connected(dump: Dump, settings: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory; what DuckDB finds wrong becomes a PmatError."""
    try:
        import duckdb
    except ImportError as error:
        raise PmatError("SQL needs DuckDB, which is not installed", "pip install 'pmat-lsp[query]'") from error
    config: dict[str, str | bool | int | float | list[str]] = {**_QUIET}
    if dump.settings.memory_limit is not None:
        config["memory_limit"] = f"{dump.settings.memory_limit}B"
    with duckdb.connect(":memory:", config=config) as connection:
        try:
            # Not in the config, of which DuckDB sets one after the other in an order of its own.
            for name, value in settings.items():
                connection.execute(f"SET {name} = {value}")
            yield connection
        except duckdb.Error as error:
            first, _, rest = str(error).strip().partition("\n")
            views = ", ".join(view.name for view in VIEWS)
            raise PmatError(f"DuckDB: {portable(first)}", f"{rest.strip()}\nThe views: {views}.".strip()) from error


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The text of the one statement that it is, without a semicolon."""
    statements = connection.extract_statements(portable(sql))
    if len(statements) != 1:
        raise PmatError(f"a query is one statement, not {len(statements)}")
    if statements[0].type.name != "SELECT":
        raise PmatError(
            f"a query is a SELECT, not {statements[0].type.name}", "DESCRIBE and SUMMARIZE of a view do as well."
        )
    return str(statements[0].query).strip().rstrip(";")


def _add_samples(connection: duckdb.DuckDBPyConnection, views: Sequence[View]) -> None:
    """Views with one row each, of which DuckDB can say what a query would read of them."""
    for view in views:
        _add_view(connection, view, {name: _sample(dtype) for name, dtype in view.raw.items()})


def _sample(dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return no_texts(1) if dtype is np.object_ else np.zeros(1, dtype)


def _columns_read(connection: duckdb.DuckDBPyConnection, select: str) -> set[str]:
    """The raw columns that DuckDB says a query reads, as `svs.kind`."""
    ((*_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) SELECT * FROM (\n{select}\n)").fetchall()
    read, todo = set[str](), json.loads(plan)
    for node in todo:
        todo += node.get("children", ())
        names = node.get("extra_info", {}).get("Projections", ())
        read.update([names] if isinstance(names, str) else names)
    return read


def _add_views(
    connection: duckdb.DuckDBPyConnection,
    dump: Dump,
    views: Sequence[View],
    progress: Progress,
    read: set[str] | None = None,
) -> None:
    """Views of a dump with the raw columns in `read`, or with all of them; to come upon another one is an error."""
    for view in views:
        rows = view.read(dump, progress)
        wanted = [name for name in view.raw if read is None or f"{view.name}.{name}" in read]
        columns = {name: rows.columns[name]().astype(view.raw[name], copy=False) for name in wanted}
        _add_view(connection, view, columns or {"": np.zeros(rows.count, np.bool_)})


def _add_view(connection: duckdb.DuckDBPyConnection, view: View, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    connection.register(f"{view.name}_arrays", {f"{view.name}.{name}": array for name, array in arrays.items()})
    raw = ", ".join(
        f'"{view.name}.{name}" AS "{name}"'
        if name in arrays
        else f"error('{view.name}.{name} {_NOT_READ}')::{_SQL_TYPES[np.dtype(dtype)]} AS \"{name}\""
        for name, dtype in view.raw.items()
    )
    columns = ", ".join(f'{column.sql} AS "{column.name}"' for column in view.columns)
    connection.execute(
        f"CREATE OR REPLACE VIEW {view.name} AS SELECT {columns} FROM (SELECT {raw} FROM {view.name}_arrays)"
    )


def _answer(connection: duckdb.DuckDBPyConnection, select: str, most: int | None) -> Table:
    # The line feed ends a comment.
    connection.execute(f"CREATE TEMP TABLE answer AS SELECT * FROM (\n{select}\n)")
    described = connection.execute("DESCRIBE answer").fetchall()
    is_integer = [_INTEGERS.fullmatch(type) is not None for _, type, *_ in described]
    quoted = ['"' + name.replace('"', '""') + '"' for name, *_ in described]
    told = ", ".join(
        name if whole else f"CAST({name} AS VARCHAR)" for name, whole in zip(quoted, is_integer, strict=True)
    )
    ((count,),) = connection.execute("SELECT count(*) FROM answer").fetchall()
    limit = "" if most is None else f" LIMIT {most}"
    rows = tuple(connection.execute(f"SELECT {told} FROM answer{limit}").fetchall())
    columns = [
        (Column(visible(name), Unit.COUNT if whole else Unit.TEXT), [row[at] for row in rows])
        for at, ((name, *_), whole) in enumerate(zip(described, is_integer, strict=True))
    ]
    units, values = zip(*(_as_addresses(*column) for column in columns), strict=True)
    return Table(format_count(count, "row"), units, tuple(zip(*values, strict=True)), count - len(rows))


def _as_addresses(column: Column, values: list[Value]) -> tuple[Column, list[Value]]:
    """A column of SVs where it is called like one of a view and has nothing but addresses; else as it is."""
    if column.name not in _ADDRESSES or column.unit is not Unit.TEXT:
        return column, values
    if not all(value is None or _ADDRESS.fullmatch(str(value)) for value in values):
        return column, values
    return Column(column.name, Unit.SV), [None if value is None else int(str(value), 16) for value in values]


def _waited_for(connection: duckdb.DuckDBPyConnection, work: Callable[[], Result], progress: Progress) -> Result:
    """What the work returns. It is done by a thread, and ended when progress raises, or Ctrl-C comes meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        try:
            while True:
                progress("query", 0, 1)
                try:
                    return future.result(_WAIT)
                except NotYet:
                    continue
        except BaseException:
            # More than once: the work may be between two statements.
            while not future.done():
                connection.interrupt()
                wait((future,), _WAIT)
            raise
