"""Which challenges have the words of a search, on either database: a table of their numbers and of how well they fit.

Every word must be there, by its stem; the last may be the beginning of one. A challenge with all of them in its title
comes before one with all of them in its reference, sponsor and question, and that before one that has them anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
)

TITLE, LEAD, ANYWHERE = 0, 1, 2  # tiers: where all the words stand

INDEX = table("challenge_index", column("rowid", Integer()))
WORDS = table(
    "challenge_words", column("id", Integer()), column("challenge_id", Integer()), column("inside", Boolean())
)


def parameters(dialect: str, words: Sequence[str]) -> dict[str, str]:
    """The values of the statement's parameters for these words, which are letters and digits alone."""
    if dialect == "sqlite":
        match = " AND ".join(f'"{word}"' for word in words) + ("*" if _begins_many(words[-1]) else "")
        return {"match": match, "match_title": f"{{title}} : ({match})", "match_lead": f"{{title lead}} : ({match})"}
    last = f"{words[-1]}:*" if _begins_many(words[-1]) else words[-1]
    return {f"word_{n}": word for n, word in enumerate((*words[:-1], last))}


def _begins_many(word: str) -> bool:
    """One letter alone would begin half of all words."""
    return len(word) > 1


def matches(dialect: str, number: int, *, insiders: bool) -> FromClause:
    """A table with `challenge_id`, `tier` and `inside`, one row a challenge, for a search of a number of words.

    Words that not everybody may read are looked at only for `insiders`; where a challenge fits by these alone it is
    `inside`, and the statement sees to it that only they find it.
    """
    return (_in_sqlite if dialect == "sqlite" else _in_postgresql)(number, insiders).subquery("matches")


def joins(dialect: str, matched: FromClause, challenge_id: Any) -> ColumnElement[bool]:
    """How the table of matches is joined to the challenges.

    PostgreSQL cannot know how many challenges have a word, guesses few, and would look up thousands one by one; a sum
    is in no index, so that it puts both tables side by side.
    """
    same: ColumnElement[bool] = matched.c.challenge_id == unindexed(dialect, challenge_id)
    return same


def unindexed(dialect: str, number: Any) -> Any:
    """The same number, for PostgreSQL in a form that is in no index."""
    return number if dialect == "sqlite" else number + literal_column("0")


def _in_sqlite(_: int, insiders: bool) -> Select[Any]:
    number = INDEX.c.rowid

    def having(name: str) -> ColumnElement[bool]:
        # FTS5 takes the name of a table for all its columns.
        whole: ColumnElement[Any] = literal_column("challenge_index")
        return whole.op("MATCH", is_comparison=True)(bindparam(name, type_=String()))

    def having_in(name: str) -> ColumnElement[bool]:
        return number.in_(select(number).where(having(name)))

    tier = case((having_in("match_title"), TITLE), (having_in("match_lead"), LEAD), else_=ANYWHERE)
    inside = number % literal_column("2")
    public = inside == literal_column("0")
    if insiders:
        public = or_(public, (number - literal_column("1")).not_in(select(number).where(having("match"))))
    half = (number // literal_column("2", Integer())).label("challenge_id")
    return select(half, tier.label("tier"), inside.label("inside")).where(having("match"), public)


def _in_postgresql(words: int, insiders: bool) -> Select[Any]:
    query: Any = None
    for n in range(words):
        word: BindParameter[str] = bindparam(f"word_{n}", type_=String())
        either = func.to_tsquery("english", word).op("||")(func.to_tsquery("simple", word)).self_group()
        query = either if query is None else query.op("&&")(either)
    asked = select(query).scalar_subquery()  # so that it takes the index, whatever it thinks of the word

    def having(vector: str) -> ColumnElement[bool]:
        whole: ColumnElement[Any] = literal_column(f"challenge_words.{vector}")
        return whole.op("@@", is_comparison=True)(asked)

    def having_in(vector: str) -> ColumnElement[bool]:
        return WORDS.c.id.in_(select(WORDS.c.id).where(having(vector)).correlate(None))

    tier = case((having_in("in_title"), TITLE), (having_in("in_lead"), LEAD), else_=ANYWHERE)
    public = not_(WORDS.c.inside)
    if insiders:
        others = select(WORDS.c.challenge_id).where(having("anywhere"), not_(WORDS.c.inside)).correlate(None)
        public = or_(public, WORDS.c.challenge_id.not_in(others))
    inside = cast(WORDS.c.inside, Integer()).label("inside")
    return select(WORDS.c.challenge_id, tier.label("tier"), inside).where(having("anywhere"), public)
