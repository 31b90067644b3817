"""What ends along with a record, or is taken up again with it: civflow takes these steps, in the same transaction.

They come after the step's own effects: whom those tell, and what they draft or close, depends on who is still in it. Whatever
of this the step will touch was locked before its rules looked at anything (sql.py), so nothing moves in between. A record whose
own rules hold it back stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select
from sqlmodel import Session

from civflow.services.engine import facts
from civflow.services.engine.sql import HISTORY
from civflow.services.engine.transition import Transition
from civflow.services.formatting import count
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Actor, Case, Step, Workflow
from civflow.workflows.engine.endings import Along, in_words, referring
from civflow.workflows.engine.sight import may_see, needs_of

AdvanceMany = Callable[..., Any]  # of the gate, which imports this


def take_along(session: Session, judged: Transition, rows: Sequence[Any], advance_many: AdvanceMany) -> None:
    """Take the steps that go along with one that these rows have just taken; they are as they were before it."""
    page, since = judged.workflow, {row.id: row.since for row in rows}
    for one in page.along[judged.step.name, judged.from_state]:
        words = in_words(page, judged.from_state if one.again else judged.to_state)
        reason = (one.again and judged.reason) or in_words(page, judged.to_state)
        gone: set[int] = set()
        for name in one.steps:
            ids = [key for key in _standing(session, page, one, name, since, words) if key not in gone]
            bulk = advance_many(
                session, HANDBOOK[one.noun].record, ids, name, actor=CIVFLOW, now=judged.now, reason=reason
            )
            gone.update(set(ids) - set(bulk.refused))


def _standing(
    session: Session, page: Workflow, one: Along, step: str, since: Mapping[int, datetime], words: str
) -> list[int]:
    """The records that refer to some of a page, by when these came where they stood, and can take the step; in order.

    Of those that take one again, only what ended along with the one that they refer to: civflow took the step, at that
    moment, with these words.
    """
    child = HANDBOOK[one.noun]
    t, refer = child.table, [child.table.c[name] for name in referring(child, page)]
    stands = or_(*(c.in_(list(since)) for c in refer)), t.c.state.in_(child.sources(step))
    if not one.again:
        return list(session.scalars(select(t.c.id).where(*stands).order_by(t.c.id)))
    last = and_(
        HISTORY.c.workflow == child.name,
        HISTORY.c.record_id == t.c.id,
        HISTORY.c.number == t.c.revision,
        HISTORY.c.step.in_(one.again),
        HISTORY.c.actor_id.is_(None),
        HISTORY.c.actor_name == CIVFLOW.name,
        HISTORY.c.reason == words,
    )
    query = select(t.c.id, HISTORY.c.at, *refer).join(HISTORY, last).where(*stands).order_by(t.c.id)
    found = session.connection().execute(query)
    return [record_id for record_id, at, *above in found if at in {since.get(key) for key in above}]


# Said before -----------------------------------------------------------------------------------------------------------


class Change(NamedTuple):
    """How many records of a noun would come to stand in a state, beside the one that takes the step."""

    page: Workflow
    state: str
    number: int

    @property
    def sentence(self) -> str:
        verb = "becomes" if self.number == 1 else "become"
        return f"{count(self.number, self.page.called.lower())} {verb} “{self.page.states[self.state].staff}”"


def in_a_sentence(changes: Iterable[Change]) -> str:
    """“3 assignments become “Withdrawn”, and 1 interview slot becomes “Offered”.”; empty where nothing changes."""
    parts = [change.sentence for change in changes]
    return f"{', '.join(parts[:-1])}{', and ' if len(parts) > 1 else ''}{parts[-1]}." if parts else ""


def foretold(session: Session, page: Workflow, row: Any, step: Step, *, actor: Actor, now: datetime) -> list[Change]:
    """What else would change if the record took the step now, as far as the actor may see it, and what follows from that.

    Applications that are sealed are counted by nobody but their own teams.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    for case, target in _going_along(session, page, [row], step.name, row.state, now, {}):
        theirs = Case(case.workflow, case.record, actor, now)
        seen = may_see(theirs) and (theirs.holds("team_member") or not _is_sealed(case.record, now))
        numbers[case.workflow.name, target] += seen
    return [Change(HANDBOOK[noun], state, number) for (noun, state), number in numbers.items() if number]


def _going_along(
    session: Session,
    page: Workflow,
    rows: Sequence[Any],
    trigger: str,
    state: str,
    now: datetime,
    gone: dict[str, set[int]],
) -> Iterator[tuple[Case[Any], str]]:
    """Each record that would take a step along with these, with the state to which that leads; `gone` are those found."""
    since = {row.id: row.since for row in rows}
    for one in page.along.get((trigger, state), ()):
        child, known = HANDBOOK[one.noun], gone.setdefault(one.noun, set())
        for name in one.steps:
            ids = set(_standing(session, page, one, name, since, in_words(page, state))) - known
            moved: dict[str, list[Any]] = {}
            for case in _cases(session, child, name, ids, now):
                step = child.step(name, case.state)
                if not child.unmet(case, step):
                    known.add(case.record.id)
                    moved.setdefault(case.state, []).append(case.record)
                    yield case, step.target
            for source, some in moved.items():
                yield from _going_along(session, child, some, name, source, now, gone)


def _cases(session: Session, page: Workflow, trigger: str, ids: Iterable[int], now: datetime) -> Iterator[Case[Any]]:
    """Some records as civflow would take this step with them, with the facts that decide who sees them."""
    needs = dict.fromkeys((*needs_of(page), *(name for s in page.steps if s.name == trigger for name in s.needs)))
    query = select(*facts.columns(page, tuple(needs))).where(page.table.c.id.in_(sorted(ids)))
    for row in session.connection().execute(query.order_by(page.table.c.id)):
        yield Case(page, row, CIVFLOW, now, reason=page.called)


def _is_sealed(row: Any, now: datetime) -> bool:
    until = getattr(row, "sealed_until", None)
    return until is not None and now < until
