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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Update,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from civflow.db import UTCDateTime
from civflow.models import History, Person
from civflow.services.engine import facts
from civflow.workflows.engine import Conflicted, Workflow
from civflow.workflows.engine.contents import PERSON
from civflow.workflows.engine.endings import Along, referring
from civflow.workflows.handbook import HANDBOOK, LOCK_ORDER

DIALECTS = {"sqlite": SQLiteDialect_pysqlite(), "postgresql": PGDialect_psycopg(paramstyle="format")}  # type: ignore[no-untyped-call]
HISTORY: Table = History.__table__  # type: ignore[attr-defined]
LINK = ("record_id", "number", "previous", "hash")  # what differs between entries that are written together
TABLES: dict[str, Table] = {PERSON: Person.__table__, **{name: page.table for name, page in HANDBOOK.items()}}  # type: ignore[attr-defined]
SHARED = tuple(c.name for c in HISTORY.c if c.name not in {"id", *LINK})  # and what they share
LAID_OUT = Table(
    "links", MetaData(schema="temp"), *(Column(n, HISTORY.c[n].type, primary_key=n == "record_id") for n in LINK)
)
MAKE_ROOM = str(CreateTable(LAID_OUT, if_not_exists=True).compile(dialect=DIALECTS["sqlite"]))

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
            row: Any = namedtuple("Row", [c.name for c in found])  # type: ignore[misc] # noqa: PYI024
            self._make_row: Callable[[Iterable[Any]], Any] = partial(tuple.__new__, row)
            self._out = _converters(
                [c.type for c in found], lambda kind: kind.dialect_impl(dialect).result_processor(dialect, None)
            )

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it once; `values` may hold more than it asks for. Returns the driver's cursor."""
        known = {**self._constants, **values} if self._constants else values
        arguments = [known[name] for name in self.names]
        for position, convert in self._into:
            arguments[position] = convert(arguments[position])
        return self._execute(connection, arguments)

    def _execute(self, connection: Connection, arguments: Sequence[Any]) -> Any:
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(self.sql, arguments)
        except connection.dialect.loaded_dbapi.Error as error:
            kind = connection.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(self.sql, None, error, kind, dialect=connection.dialect) from error
        return cursor

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run it once and answer its rows, as tuples with names."""
        rows = []
        for row in map(list, self.run(connection, values).fetchall()):
            for position, convert in self._out:
                row[position] = convert(row[position])
            rows.append(self._make_row(row))
        return rows


def _converters(
    types: Iterable[TypeEngine[Any]], of: Callable[[TypeEngine[Any]], Convert | None]
) -> list[tuple[int, Convert]]:
    """Position -> conversion, where one is needed. Moments repeat: remembering one is cheaper than converting it."""
    found = [(i, of(kind), isinstance(kind, UTCDateTime)) for i, kind in enumerate(types)]
    return [(i, lru_cache(4096)(convert) if repeats else convert) for i, convert, repeats in found if convert]


def parameter(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """A value that a prepared statement is given under this name when it runs."""
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
        return of == parameter("ids", Integer())
    if database == "sqlite":
        listed = func.json_each(parameter("ids", String())).table_valued("value")
        return of.in_(select(listed.c.value))
    return of == func.any(parameter("ids", ARRAY(Integer)))


def lock(
    connection: Connection, workflow: Workflow, others: Iterable[str], ids: Sequence[int], along: tuple[Along, ...] = ()
) -> None:
    """Lock what these records' rules look at (`others`: challenge, gate, ...), the records, and what goes `along`; in one order.

    What is read after that, in another statement, is what everybody before us has committed. SQLite has one writer.
    """
    database = connection.dialect.name
    if database != "sqlite":
        above = tuple(sorted(others, key=LOCK_ORDER.index))
        _locking(database, workflow, above, len(ids) > 1, along).run(connection, {"ids": _named(database, ids)})


@lru_cache(1024)
def _locking(
    database: str, workflow: Workflow, others: tuple[str, ...], many: bool, along: tuple[Along, ...] = ()
) -> Prepared:
    """One round trip: each lock is taken after the one before it, whose rows it counts."""
    own = workflow.table
    these = _among(database, own.c.id, many)
    wanted: dict[str, list[ColumnElement[bool]]] = {name: [_referred(own, name, these)] for name in others}
    wanted[workflow.name] = [these]
    for noun, which in _going_along(workflow, along, these):
        wanted.setdefault(noun, []).append(which)
    before: ColumnElement[bool] = true()
    for name in sorted(wanted, key=LOCK_ORDER.index):
        table = TABLES[name]
        rows = select(table.c.id).where(or_(*wanted[name]), before).order_by(table.c.id)
        rows = rows.with_for_update(key_share=True, of=table)
        before = select(func.count()).select_from(rows.cte(f"locked_{name}")).scalar_subquery() >= literal_column("0")
    return Prepared(rows, database)


def _going_along(
    page: Workflow, along: Iterable[Along], these: ColumnElement[bool]
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Noun -> which of its records go along with these of a page, what their steps lock, and what goes along with them."""
    for noun, steps, _ in along:
        child = HANDBOOK[noun]
        refer = (child.table.c[name] for name in referring(child, page))
        stands = child.table.c.state.in_(sorted({state for name in steps for state in child.sources(name)}))
        ours = select(page.table.c.id).where(these).correlate(None)
        which = and_(or_(*(column.in_(ours) for column in refer)), stands)
        yield noun, which
        for step in (step for step in child.steps if step.name in steps):
            for name in step.locks:
                yield name, _referred(child.table, name, which)
            for source in step.sources:
                yield from _going_along(child, child.along.get((step.name, source), ()), which)


def _referred(table: Table, name: str, which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a record of the noun `name` is one that some rows of a table refer to."""
    return TABLES[name].c.id.in_(select(table.c[f"{name}_id"]).where(which).correlate(None))


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
    values = {**shared, **{f"new_{name}": value for name, value in columns.items()}}
    if not many:
        values.update(zip(LINK, links[0], strict=True))
    elif database == "sqlite":
        _lay_out(connection, links)
    else:
        values.update(zip(LINK, map(list, zip(*links, strict=True)), strict=True))
    changed: int = 0
    for statement in _writing(database, table, tuple(columns), many, shared["from_state"] == ""):
        changed = statement.run(connection, values).rowcount
        if changed != len(links):
            break
    return changed


def _lay_out(connection: Connection, links: Sequence[Link]) -> None:
    """Put the links where SQLite's statements find them; binding every value for every row would cost it far more."""
    cursor: Any = connection.connection.cursor()
    cursor.execute(MAKE_ROOM)
    cursor.execute("DELETE FROM temp.links")
    cursor.executemany("INSERT INTO temp.links (record_id, number, previous, hash) VALUES (?, ?, ?, ?)", links)


@lru_cache(1024)
def _writing(database: str, table: Table, columns: tuple[str, ...], many: bool, first: bool) -> list[Prepared]:
    """The statements that change and remember: two on SQLite, one round trip on PostgreSQL."""
    if database == "sqlite":
        parts = _by_laid_out_links(table, columns, first) if many else _by_one_link(table, columns, first)
        return [Prepared(part, database) for part in parts]
    source = _link_arrays() if many else None
    link = {name: source.c[name] for name in LINK} if source is not None else _link_parameters()
    changed = _change(table, columns, link, first).returning(table.c.id).cte("changed")
    rows: Select[Any] = select(*link.values(), *_shared_parameters().values())
    rows = (
        rows.select_from(changed)
        if source is None
        else rows.join_from(source, changed, source.c.record_id == changed.c.id)
    )
    return [Prepared(_append(rows), database)]


def _by_one_link(table: Table, columns: tuple[str, ...], first: bool) -> tuple[Update, Insert]:
    link = _link_parameters()
    return _change(table, columns, link, first), insert(HISTORY).values({**_shared_parameters(), **link})


def _by_laid_out_links(table: Table, columns: tuple[str, ...], first: bool) -> tuple[Update, Insert]:
    this = LAID_OUT.c.record_id == table.c.id
    link = {name: select(value).where(this).scalar_subquery() for name, value in LAID_OUT.c.items()}
    change = _change(table, columns, link, first, table.c.id.in_(select(LAID_OUT.c.record_id)))
    return change, _append(select(*LAID_OUT.c, *_shared_parameters().values()))


def _append(rows: Select[Any]) -> Insert:
    return insert(HISTORY).from_select([*LINK, *SHARED], rows, include_defaults=False)


def _change(
    table: Table,
    columns: tuple[str, ...],
    link: Mapping[str, ColumnElement[Any]],
    first: bool,
    linked: ColumnElement[bool] | None = None,
) -> Update:
    """Change the rows that are `linked`: those whose id is the link's."""
    change = update(table).where(table.c.id == link["record_id"] if linked is None else linked)
    if first:
        return change.values(head=link["hash"])
    new: dict[str, ColumnElement[Any]] = {n: parameter(f"new_{n}", table.c[n].type) for n in columns}
    new |= {"state": parameter("to_state", table.c.state.type), "revision": link["number"], "head": link["hash"]}
    stood = table.c.state == parameter("from_state", table.c.state.type)
    return change.where(stood, table.c.revision + literal_column("1") == link["number"]).values(new)


def _shared_parameters() -> dict[str, BindParameter[Any]]:
    return {name: parameter(name, HISTORY.c[name].type) for name in SHARED}


def _link_parameters() -> dict[str, ColumnElement[Any]]:
    return {name: parameter(name, HISTORY.c[name].type) for name in LINK}


def _link_arrays() -> CTE:
    """The links as rows, from an array for each of LINK."""
    kinds = {name: HISTORY.c[name].type for name in LINK}
    arrays = (parameter(name, ARRAY(kind)) for name, kind in kinds.items())
    rows = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in kinds.items())).render_derived()
    return select(*rows.c).cte("link")
