"""Lists as one value of a row: SQL answers them as JSON, on both databases, and they are decoded once."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, get_args, get_origin

from sqlalchemy import Boolean, ColumnElement, Dialect, Integer, Text, literal, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class ListOf(TypeDecorator[Any]):
    """A list that reads as `kind`: a frozenset or a tuple, of numbers, words or pairs. NULL reads as an empty one.

    Its text is JSON, or words with commas between where a column keeps them so (`commas`).
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any, *, commas: bool = False) -> None:
        super().__init__()
        self.kind, self.commas = kind, commas

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return _decoded(self.kind, value or "", self.commas)


@lru_cache(4096)
def _decoded(kind: Any, text: str, commas: bool) -> Any:
    """Lists repeat, from record to record and from reading to reading, and nobody can change one."""
    of, make = get_args(kind)[0], get_origin(kind)
    if commas:
        return make(filter(None, text.split(",")))
    found = json.loads(text or "[]")
    return make(map(tuple, found) if get_origin(of) is tuple else found)


class ListedAsJson(FunctionElement[Any]):
    """The items of all rows."""

    name, inherit_cache = "listed_as_json", True


class PairAsJson(FunctionElement[Any]):
    """Two values of a row as one item."""

    name, inherit_cache = "pair_as_json", True


def listed(kind: Any, *item: ColumnElement[Any]) -> ColumnElement[Any]:
    """The values of a column in all rows of a query, or of two as pairs, as one value that reads as `kind`."""
    return type_coerce(ListedAsJson(*item if len(item) == 1 else (PairAsJson(*item),)), ListOf(kind))


class IsListed(FunctionElement[bool]):
    """Whether a number stands in a list."""

    name, inherit_cache, type = "is_listed", True, Boolean()


def among(number: int, of: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a number stands in a list that `listed` has made."""
    return IsListed(literal(number, Integer()), of)


@compiles(IsListed, "sqlite")
def _sought_by_sqlite(element: IsListed, compiler: Any, **more: Any) -> str:
    number, of = (compiler.process(part, **more) for part in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({of}) AS listed WHERE listed.value = {number})"  # noqa: S608 - compiled parts


@compiles(IsListed, "postgresql")
def _sought_by_postgresql(element: IsListed, compiler: Any, **more: Any) -> str:
    number, of = (compiler.process(part, **more) for part in element.clauses)
    return f"COALESCE(CAST({of} AS jsonb) @> to_jsonb(CAST({number} AS integer)), false)"


@compiles(ListedAsJson, "sqlite")
def _listed_by_sqlite(element: ListedAsJson, compiler: Any, **more: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **more)})"


@compiles(ListedAsJson, "postgresql")
def _listed_by_postgresql(element: ListedAsJson, compiler: Any, **more: Any) -> str:
    return f"CAST(json_agg({compiler.process(element.clauses, **more)}) AS TEXT)"


@compiles(PairAsJson, "sqlite")
def _pair_by_sqlite(element: PairAsJson, compiler: Any, **more: Any) -> str:
    return f"json_array({compiler.process(element.clauses, **more)})"


@compiles(PairAsJson, "postgresql")
def _pair_by_postgresql(element: PairAsJson, compiler: Any, **more: Any) -> str:
    return f"json_build_array({compiler.process(element.clauses, **more)})"
