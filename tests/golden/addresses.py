"""The addresses to ask for: each GET route with the records that exist in the database, spread evenly."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import AnyConverter, IntegerConverter, RequestRedirect, Rule

from tests.golden.links import HTMX

NOBODY = "nothing-is-called-this"  # for a name that no table knows
CALLED = {"trigger": "step"}  # what routes and tables call differently
Row = dict[str, Any]


class Kinds:
    """What makes addresses alike: the route, every word in it that is not a record, and whether it has a query."""

    def __init__(self, app: Flask) -> None:
        self._routes = app.url_map.bind("")

    def of(self, address: str) -> str:
        path, _, query = address.removeprefix(HTMX).partition("?")
        more = (HTMX if address.startswith(HTMX) else "") + ("?" if query else "")
        try:
            rule, values = self._routes.match(path, method="GET", return_rule=True)
        except RequestRedirect:
            return f"redirect {more}"
        except HTTPException:
            return f"nowhere {more}"
        words = [str(value) for name, value in sorted(values.items()) if name != "slug" and not str(value).isdigit()]
        return " ".join([rule.rule, *words, more])


def routes_in_words(app: Flask) -> str:
    """Every route with its methods, without what its parts are called: a line each."""
    return "\n".join(sorted({f"{_shape(rule)} {' '.join(sorted(rule.methods or ()))}" for rule in _rules(app)}))


def _shape(rule: Rule) -> str:
    """The route as visitors meet it: the kind of each part counts, its name does not."""
    return re.sub(r"<(?:([^:<>]+):)?[^:<>]+>", r"<\1>", rule.rule)


def made_addresses(app: Flask, database: Path, each: int | None) -> list[str]:
    """At most `each` addresses of every kind (all of them for None), in the order of the routes."""
    kinds, found = Kinds(app), defaultdict[str, list[str]](list)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        tables = Tables(connection)
        for rule in _rules(app):
            if "GET" in (rule.methods or ()) and rule.endpoint != "static":
                for address in _filled_in(rule, tables):
                    found[kinds.of(address)].append(address)
    return [address for addresses in found.values() for address in spread(addresses, each)]


def spread(values: Sequence[str], number: int | None) -> list[str]:
    """So many of the values, evenly, with the first and the last."""
    if number is None or len(values) <= number:
        return list(values)
    return [values[round(n * (len(values) - 1) / (number - 1))] for n in range(number)]


def _rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def _filled_in(rule: Rule, tables: Tables) -> Iterator[str]:
    seen: set[str] = set()
    for row in _rows(rule, tables):
        built = rule.build(row, append_unknown=False)
        if built and built[1] not in seen:
            seen.add(built[1])
            yield built[1]


def _rows(rule: Rule, tables: Tables) -> Iterable[Row]:
    """Values for the parts of a route, from one table that has them all; else from several tables, side by side."""
    chosen = {name: c for name, c in rule._converters.items() if isinstance(c, AnyConverter)}
    wanted = sorted(rule.arguments - set(chosen))
    rows = tables.rows(wanted) if wanted else [{}]
    if rows is None:
        columns = {name: [row[name] for row in tables.rows([name]) or [{name: NOBODY}]] for name in wanted}
        longest = max(map(len, columns.values()))
        sides = (islice(cycle(values or [NOBODY]), longest) for values in columns.values())
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*sides, strict=True)]
        rows = [row for row in rows if all(_fits(rule, name, value) for name, value in row.items())]
    for name, converter in chosen.items():
        rows = [{**row, name: item} for row in rows for item in sorted(converter.items)]
    return rows


def _fits(rule: Rule, name: str, value: object) -> bool:
    return isinstance(value, int) or not isinstance(rule._converters.get(name), IntegerConverter)


class Tables:
    """The tables of the database, their columns, and which of them refer to what has an address in words."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.columns = {t: [c[1] for c in connection.execute(f'PRAGMA table_info("{t}")')] for t in sorted(names)}

    def rows(self, wanted: list[str]) -> list[Row] | None:
        """The rows of every table that has something for every name; None if there is none."""
        found: list[Row] | None = None
        for table in self.columns:
            asked = [self._column(table, name) for name in wanted]
            if all(asked) and (len(wanted) > 1 or self._is_its_own(table, wanted[0])):
                found = (found or []) + self._read(table, wanted, [column for column in asked if column])
        return found

    def with_columns(self, *wanted: str) -> list[Row]:
        """The rows of the table that has all these columns."""
        table = next((t for t, columns in self.columns.items() if set(wanted) <= set(columns)), None)
        if table is None:
            raise LookupError(f"No table has the columns {', '.join(wanted)}.")
        return self._read(table, list(wanted), [f'"{table}"."{column}"' for column in wanted])

    def _column(self, table: str, name: str) -> str | None:
        """The SQL that answers a part of a route from a table."""
        columns, name = self.columns[table], CALLED.get(name, name)
        if self._is_its_own(table, name):
            return f'"{table}"."{"slug" if name == "slug" else "id"}"'
        if name in columns and name != "id":
            return f'"{table}"."{name}"'
        if name == "slug" and "challenge_id" in columns:
            return f'(SELECT slug FROM challenge WHERE challenge.id = "{table}".challenge_id)'
        return None

    def _is_its_own(self, table: str, name: str) -> bool:
        stem, columns = name.removesuffix("_id"), self.columns[table]
        if name == "slug":
            return table == "challenge"
        return name != stem and "id" in columns and (table == stem or table.endswith(f"_{stem}"))

    def _read(self, table: str, names: list[str], columns: list[str]) -> list[Row]:
        query = f'SELECT {", ".join(columns)} FROM "{table}" ORDER BY {", ".join(columns)}'
        rows = (dict(zip(names, row, strict=True)) for row in self._connection.execute(query))
        return [row for row in rows if None not in row.values()]
