"""How the gate speaks to the database: Core statements, compiled once for each database and sent to its driver.

Most of the time of a step would be SQLAlchemy's: an ORM unit of work costs several times the statements themselves, and
an executed Core statement costs twice. So the gate's few statements are written as Core, compiled once, and run on the
driver's cursor in the session's own transaction, where SQLAlchemy's statement events do not see them. What differs
between SQLite and PostgreSQL is here and nowhere else: how many records are named at once; that PostgreSQL locks rows,
and changes and remembers in one round trip; that SQLite has one writer at a time anyway.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Select,
    String,
    Table,
    Update,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.types import TypeEngine

from civflow.db import UTCDateTime
from civflow.models import History
from civflow.services import facts
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Conflicted, Workflow

DIALECTS = {"sqlite": SQLiteDialect_pysqlite(), "postgresql": PGDialect_psycopg(paramstyle="format")}  # type: ignore[no-untyped-call]
HISTORY: Table = History.__table__  # type: ignore[attr-defined]
LINK = ("record_id", "number", "previous", "hash")  # what differs between entries that are written together
SHARED = tuple(c.name for c in HISTORY.c if c.name not in {"id", *LINK})  # and what they share
LOCK_ORDER = ("round", "challenge", "team", "gate", "application", "place", "agreement")

Link = tuple[int, int, str, str]  # the values of LINK
Convert = Callable[[Any], Any]


class Prepared:
    """A Core statement as a driver takes it: its SQL, its parameters in order, and the conversions both ways."""

    def __init__(self, statement: Executable, database: str) -> None:
        dialect = DIALECTS[database]
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.names = [name.removeprefix("b_") for name in compiled.positiontup]
        self._constants = {name: value for name, value in compiled.params.items() if not name.startswith("b_")}
        types = [compiled.binds[f"b_{n}"].type if n not in self._constants else String() for n in self.names]
        self._into = _converters(types, lambda kind: kind.dialect_impl(dialect).bind_processor(dialect))
        if isinstance(statement, Select):
            found = list(statement.selected_columns)
            make_row: Any = namedtuple("Row", [c.name for c in found])  # type: ignore[misc] # noqa: PYI024
            self._row = make_row._make
            self._out = _converters(
                [c.type for c in found], lambda kind: kind.dialect_impl(dialect).result_processor(dialect, None)
            )

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it once; `values` may hold more than it asks for. Returns the driver's cursor."""
        known = {**self._constants, **values} if self._constants else values
        arguments = [known[name] for name in self.names]
        for position, convert in self._into:
            arguments[position] = convert(arguments[position])
        return self._execute(connection, arguments, many=False)

    def run_many(self, connection: Connection, shared: Mapping[str, Any], links: Sequence[Link]) -> Any:
        """Run it for each link, with the same `shared` values. Returns the driver's cursor."""
        names = (*LINK, *shared)
        rest = list(shared.values())
        for position, convert in self._into:
            name = self.names[position]
            if name in shared:
                rest[names.index(name) - len(LINK)] = convert(shared[name])
        in_order = itemgetter(*(names.index(name) for name in self.names))
        return self._execute(connection, (in_order((*link, *rest)) for link in links), many=True)

    def _execute(self, connection: Connection, arguments: Iterable[Any], *, many: bool) -> Any:
        cursor: Any = connection.connection.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(self.sql, arguments)
        except connection.dialect.loaded_dbapi.Error as error:
            kind = connection.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(self.sql, None, error, kind, dialect=connection.dialect) from error
        return cursor

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run it once and answer its rows, as tuples with names."""
        found = self.run(connection, values).fetchall()
        return [self._row(self._converted(row)) for row in found]

    def _converted(self, raw: Sequence[Any]) -> Sequence[Any]:
        row = list(raw)
        for position, convert in self._out:
            row[position] = convert(row[position])
        return row


def _converters(
    types: Iterable[TypeEngine[Any]], of: Callable[[TypeEngine[Any]], Convert | None]
) -> list[tuple[int, Convert]]:
    """Position -> conversion, where one is needed. Moments repeat: remembering one is cheaper than converting it."""
    found = [(i, of(kind), isinstance(kind, UTCDateTime)) for i, kind in enumerate(types)]
    return [(i, lru_cache(4096)(convert) if repeats else convert) for i, convert, repeats in found if convert]


def _parameter(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    return bindparam(f"b_{name}", None, kind)  # a column's own name is not allowed, and a value comes later


# Reading -------------------------------------------------------------------------------------------------------------


def read(
    connection: Connection, workflow: Workflow, needs: tuple[str, ...], ids: Sequence[int], *, lock: bool = False
) -> list[Any]:
    """The rows of these records with the facts that they need, by id; with `lock` nobody else moves them meanwhile."""
    database = connection.dialect.name
    return _reading(database, workflow, needs, lock, len(ids) > 1).rows(connection, {"ids": _named(database, ids)})


@lru_cache(1024)
def _reading(database: str, workflow: Workflow, needs: tuple[str, ...], lock: bool, many: bool) -> Prepared:
    table = workflow.table
    query = select(*facts.columns(workflow, needs)).where(_among(database, table.c.id, many))
    query = query.order_by(table.c.id) if many else query
    return Prepared(query.with_for_update(key_share=True, of=table) if lock else query, database)


def _named(database: str, ids: Sequence[int]) -> Any:
    """Some ids as one parameter."""
    if len(ids) == 1:
        return ids[0]
    return json.dumps(ids) if database == "sqlite" else list(ids)


def _among(database: str, of: ColumnElement[int], many: bool) -> ColumnElement[bool]:
    """Whether a column is the parameter `ids`, or one of them."""
    if not many:
        return of == _parameter("ids", Integer())
    if database == "sqlite":
        listed = func.json_each(_parameter("ids", String())).table_valued("value")
        return of.in_(select(listed.c.value))
    return of == func.any(_parameter("ids", ARRAY(Integer)))


def lock(connection: Connection, workflow: Workflow, others: Iterable[str], ids: Sequence[int]) -> None:
    """Lock what these records' rules look at (`others`: challenge, gate, ...), then the records; all in one order.

    What is read after that, in another statement, is what everybody before us has committed. SQLite has one writer.
    """
    database = connection.dialect.name
    if database != "sqlite":
        above = tuple(sorted(others, key=LOCK_ORDER.index))
        _locking(database, workflow, above, len(ids) > 1).run(connection, {"ids": _named(database, ids)})


@lru_cache(1024)
def _locking(database: str, workflow: Workflow, others: tuple[str, ...], many: bool) -> Prepared:
    """One round trip: each lock is taken after the one before it, whose rows it counts."""
    own = workflow.table
    before: ColumnElement[bool] = true()
    for name in others:
        table = HANDBOOK[name].table
        theirs = select(own.c[f"{name}_id"]).where(_among(database, own.c.id, many))
        above = select(table.c.id).where(table.c.id.in_(theirs), before).order_by(table.c.id)
        locked = above.with_for_update(key_share=True, of=table).cte(f"locked_{name}")
        before = select(func.count()).select_from(locked).scalar_subquery() >= literal_column("0")
    ours = select(own.c.id).where(_among(database, own.c.id, many), before).order_by(own.c.id)
    return Prepared(ours.with_for_update(key_share=True, of=own), database)


def wait_for_writers(connection: Connection) -> None:
    """Wait until every entry that has an id is committed, and let nobody append until this transaction ends.

    Raises Conflicted when that takes more than ten seconds. On SQLite a writer is alone.
    """
    if connection.dialect.name == "sqlite":
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            connection.exec_driver_sql("LOCK TABLE history IN SHARE MODE")
    except OperationalError as error:
        raise Conflicted("Others are writing for long. Try again later.", who="", when=None) from error


# Writing -------------------------------------------------------------------------------------------------------------


def write(
    connection: Connection, table: Table, columns: Mapping[str, Any], shared: Mapping[str, Any], links: Sequence[Link]
) -> int:
    """Change the rows of some records and append an entry for each; answer how many still stood where they were read.

    `shared` are the entries' values of SHARED, `links` the values of LINK for each. A row is changed only where it
    stands in `from_state` at the revision before the link's number; it gets `to_state`, the new revision, the hash as
    its head, and `columns`. For a new record (`from_state` empty) only the head is written.
    """
    database, many = connection.dialect.name, len(links) > 1
    statements = _writing(database, table, tuple(columns), many, shared["from_state"] == "")
    values = {**shared, **{f"new_{name}": value for name, value in columns.items()}}
    changed: int = 0
    for statement in statements:
        if not many:
            changed = statement.run(connection, {**values, **dict(zip(LINK, links[0], strict=True))}).rowcount
        elif database == "sqlite":
            changed = statement.run_many(connection, values, links).rowcount
        else:
            arrays = dict(zip(LINK, map(list, zip(*links, strict=True)), strict=True))
            changed = statement.run(connection, {**values, **arrays}).rowcount
        if changed != len(links):
            break
    return changed


@lru_cache(1024)
def _writing(database: str, table: Table, columns: tuple[str, ...], many: bool, first: bool) -> list[Prepared]:
    """The statements that change and remember: two on SQLite, one round trip on PostgreSQL."""
    if database == "sqlite":
        link = _link_parameters()
        entry = insert(HISTORY).values({**_shared_parameters(), **link})
        return [Prepared(_change(table, columns, link, first), database), Prepared(entry, database)]
    source = _link_arrays() if many else None
    link = {name: source.c[name] for name in LINK} if source is not None else _link_parameters()
    changed = _change(table, columns, link, first).returning(table.c.id).cte("changed")
    rows: Select[Any] = select(*link.values(), *_shared_parameters().values())
    rows = (
        rows.select_from(changed)
        if source is None
        else rows.join_from(source, changed, source.c.record_id == changed.c.id)
    )
    return [Prepared(insert(HISTORY).from_select([*LINK, *SHARED], rows, include_defaults=False), database)]


def _change(table: Table, columns: tuple[str, ...], link: Mapping[str, ColumnElement[Any]], first: bool) -> Update:
    this = table.c.id == link["record_id"]
    if first:
        return update(table).where(this).values(head=link["hash"])
    new: dict[str, ColumnElement[Any]] = {n: _parameter(f"new_{n}", table.c[n].type) for n in columns}
    new |= {"state": _parameter("to_state", table.c.state.type), "revision": link["number"], "head": link["hash"]}
    stood = table.c.state == _parameter("from_state", table.c.state.type)
    return update(table).where(this, stood, table.c.revision + literal_column("1") == link["number"]).values(new)


def _shared_parameters() -> dict[str, BindParameter[Any]]:
    return {name: _parameter(name, HISTORY.c[name].type) for name in SHARED}


def _link_parameters() -> dict[str, ColumnElement[Any]]:
    return {name: _parameter(name, HISTORY.c[name].type) for name in LINK}


def _link_arrays() -> CTE:
    """The links as rows, from an array for each of LINK."""
    kinds = {name: HISTORY.c[name].type for name in LINK}
    arrays = (_parameter(name, ARRAY(kind)) for name, kind in kinds.items())
    rows = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in kinds.items())).render_derived()
    return select(*rows.c).cte("link")
