"""Facts: each rule looks only at those that it names, and SQL answers each with the type that its page declares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any, get_args, get_origin

import pytest
from sqlalchemy import select

from civflow.models import (
    Agreement,
    Deliverable,
    Document,
    LiveSession,
    Place,
    Question,
    Slot,
    SlotPanel,
    Sprint,
    Tracked,
)
from civflow.services.challenges.stages import gate_of
from civflow.services.engine import facts, sql
from civflow.services.engine.facts import GATE, SCORE, check_types, count, names, value
from civflow.services.engine.lists import ListOf
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Case, Facts, HandbookError, Ids, Marks, Names, Rule, State, Workflow, rule
from civflow.workflows.engine.check import NOW, actors, idle_facts, record_of
from civflow.workflows.rules import the_programme_manager
from tests.scenes.panel import Panel
from tests.workflows.test_check import shown
from tests.workflows.test_pages import PAGES
from tests.workflows.truth import RULE_CASES, Truth, everybody

# A rule names what it looks at ------------------------------------------------------------------------------------------


class Named:
    """The facts that a rule names, and no others; `read` are those that it looked at."""

    def __init__(self, page: Workflow, needs: tuple[str, ...], values: dict[str, Any], read: set[str]) -> None:
        self.values = {name: values[name] for name in page.declared if name in needs}
        self.read = read

    def __getattr__(self, name: str) -> Any:
        assert name in self.values, f"It looks at the fact {name} and does not name it."
        self.read.add(name)
        return self.values[name]


class Apart(Case[Any]):
    """A case whose facts are not in the record, where a rule could find them without a name for them."""

    facts = None


def looked_at(page: Workflow, one: Rule) -> set[str]:
    """The facts that a rule looks at, whoever asks, where it is true, where it is false and where all is as in `check`."""
    read: set[str] = set()
    columns = [column.name for column in page.table.c]
    truth = RULE_CASES.get(one.name, Truth({}, {}))
    for values, inputs in (({}, {}), (truth.true, truth.inputs), (truth.true | truth.false, truth.false_inputs)):
        for state in page.states:
            everything = vars(record_of(page, **{**values, "state": state}))
            record = SimpleNamespace(**{name: everything[name] for name in columns})
            for actor in (everybody(), *actors()):
                case = Apart(page, record, actor, NOW, inputs=inputs)
                case.facts = Named(page, one.needs, everything, read)
                one(case)
    return read


def rules() -> Iterator[Any]:
    for title, page in PAGES.items():
        found = {one.name: one for _, one in page.rules()}
        yield from (pytest.param(page, one, id=f"{title}: {one.name}") for one in found.values())


@pytest.mark.parametrize(("page", "one"), list(rules()))
def test_a_rule_looks_at_the_facts_that_it_names_and_its_page_declares_them_so(page, one):
    assert looked_at(page, one) == set(one.needs)
    assert {name: one.takes.get(name) for name in one.needs} == {name: page.declared[name] for name in one.needs}


class MoonFacts(Facts):
    moon: int
    tide: int


@rule("The moon is full.", needs=("moon",))
def the_moon_is_full(case: Case[MoonFacts]) -> bool:
    return case.facts.moon == 14 or case.facts.tide == 3


def the_page(one: Rule, kind: type[Facts], **more: Any) -> Workflow:
    states = [State("offered", "It can be had.", final=True)]
    declared = {"title": "Slot {id}", "sees": (the_programme_manager,), "shows": shown(Slot), "states": states}
    return Workflow("slot", Slot, steps=(), begin_requires=(one,), facts=kind, **declared, **more)


def test_a_rule_that_looks_at_what_it_does_not_name_is_found():
    page = the_page(the_moon_is_full, MoonFacts, checks_states=False)

    with pytest.raises(AssertionError, match="tide"):
        looked_at(page, the_moon_is_full)


def test_a_plain_case_and_its_record_are_one_row():
    case = Case(HANDBOOK["gate"], record_of(HANDBOOK["gate"], panel_size=3), Actor(1, "Ann"), NOW)

    assert case.facts is case.record


# The page declares what its rules name ----------------------------------------------------------------------------------


class NoMoon(Facts):
    tide: int


class OtherMoon(Facts):
    moon: int | None


class HalfMoon(Facts):
    moon: float


class Twice(Facts):
    moon: int
    where: str


@rule("The moon is new.", needs=("moon",))
def it_says_nothing_of_its_facts(case: Case) -> bool:
    return not case.record.moon


WRONG = {
    "slot: 'the_moon_is_full' needs the fact 'moon', which NoMoon does not declare.": (the_moon_is_full, NoMoon),
    "slot: 'the_moon_is_full' takes the fact 'moon' for int, and OtherMoon declares int or None.": (
        the_moon_is_full,
        OtherMoon,
    ),
    "slot: 'it_says_nothing_of_its_facts' takes the fact 'moon' for nothing, and MoonFacts declares int.": (
        it_says_nothing_of_its_facts,
        MoonFacts,
    ),
    "slot: HalfMoon declares 'moon' as float, which no fact can be.": (the_moon_is_full, HalfMoon),
    "slot: Twice declares 'where', which is a column of the record.": (the_moon_is_full, Twice),
}


@pytest.mark.parametrize(("sentence", "wrong"), list(WRONG.items()), ids=list(WRONG))
def test_a_page_whose_rules_and_facts_disagree_cannot_be_made(sentence, wrong):
    with pytest.raises(HandbookError) as error:
        the_page(*wrong, checks_states=False)

    assert str(error.value) == sentence


def test_every_fact_that_is_declared_is_looked_at():
    assert idle_facts(PAGES.values()) == []
    idle = the_page(the_moon_is_full, MoonFacts, checks_states=False)
    assert idle_facts([idle]) == ["slot: no rule looks at the fact “tide”."]


# Services answer what is declared ---------------------------------------------------------------------------------------

DISAGREE = {
    "here: GateFacts does not declare the fact “moon” of gate.": ("gate", {"moon": count(GATE.c.id == 1)}),
    "here: it answers facts of moon, and the handbook has no such page.": ("moon", {}),
    "here: the fact “panel_size” of gate is answered with str, and GateFacts declares int.": (
        "gate",
        {"panel_size": value(GATE.c.state)},
    ),
    "here: the fact “panel_ids” of gate is answered with frozenset[str], and GateFacts declares frozenset[int].": (
        "gate",
        {"panel_ids": names(SCORE.c.criterion)},
    ),
}


@pytest.mark.parametrize(("sentence", "wrong"), list(DISAGREE.items()), ids=list(DISAGREE))
def test_sql_that_answers_something_else_is_refused_with_its_place(sentence, wrong):
    with pytest.raises(facts.features.FeatureError) as error:
        check_types("here", *wrong)

    assert str(error.value) == sentence


def test_a_fact_that_nobody_answers_is_refused_with_its_place(monkeypatch):
    gate = {name: answer for name, answer in facts.facts()["gate"].items() if name != "ranks"}
    known = {**facts.facts(), "gate": gate}
    module = ModuleType("here")
    module.FACTS = known
    monkeypatch.setattr(facts.features, "modules", lambda part: (module,))

    with pytest.raises(facts.features.FeatureError) as error:
        facts.facts.__wrapped__()

    place = "civflow.workflows.assessment.gate_rules.GateFacts"
    assert str(error.value) == f"{place}: no service answers the fact “ranks” of gate."


@pytest.fixture
def panel(panel) -> Panel:
    """A panel at work, and a record of every other noun beside it."""
    panel.everybody_scores()
    panel.declares(panel.people[1], panel.heron)
    panel.joins(panel.people[2], panel.otter)
    add_the_rest(panel)
    return panel


def add_the_rest(panel: Panel) -> None:
    session, otter = panel.session, panel.otter
    now, later = panel.call.now, panel.call.now + timedelta(hours=1)
    scope = {"round_id": otter.round_id, "challenge_id": otter.challenge_id, "since": now}
    team, times = {"team_id": otter.team_id}, {"starts_at": now, "ends_at": later}
    own = {**scope, **team, "application_id": otter.id}
    document = session.scalars(select(Document).order_by(Document.id)).first()
    slots = [
        Slot(state="booked", gate_id=panel.gate.id, **own, **times),
        Slot(state="offered", gate_id=panel.gate.id, **scope, **times),
    ]
    place = Place(state="offered", stage="exploration", **own, **times)
    session.add_all([*slots, place])
    session.flush()
    session.add_all(
        [
            *(SlotPanel(slot_id=slot.id, person_id=panel.people[1].id) for slot in slots),
            *(Question(state="asked", asked_at=now, text=words, **scope) for words in ("How?", "Why?")),
            LiveSession(state="scheduled", title="Meet the sponsor", place="Perth", **scope, **times),
            Agreement(state="drafted", stage="contract", price_pounds=1, document_id=document.id, **own, **times),
            Sprint(state="planned", number=1, place_id=place.id, **scope, **team, **times),
            Deliverable(
                state="due", place_id=place.id, title="A map", done_when="It is used.", due_at=now, **scope, **team
            ),
        ]
    )
    session.flush()


def fits(found: Any, kind: Any) -> bool:
    """Whether a value is exactly of a type: a bool is no int, and what is in a list counts too."""
    of = get_origin(kind)
    if of is None:
        return type(found) is kind and (kind is not datetime or found.tzinfo is not None)
    parts = [part for part in get_args(kind) if part is not Ellipsis]
    if of is tuple and len(parts) == len(get_args(kind)):
        return type(found) is tuple and len(found) == len(parts) and all(map(fits, found, parts))
    return type(found) is of and all(fits(one, parts[0]) for one in found)


def test_every_fact_is_answered_with_its_type_whoever_reads(session, panel):
    session.flush()
    for page in HANDBOOK.values():
        needs = tuple(page.declared)
        query = select(*facts.columns(page, needs)).order_by(page.table.c.id)
        loaded = session.connection().execute(query).all()
        rows = sql.read(session.connection(), page, needs, [row.id for row in loaded])
        assert [tuple(row) for row in rows] == [tuple(row) for row in loaded] != []
        answers = {(name, getattr(row, name)) for row in rows for name in needs}
        wrong = [
            (page.name, name, answer)
            for name, answer in answers
            if not fits(answer, page.declared[name].of) and not (answer is None and page.declared[name].optional)
        ]
        assert wrong == []


def declared_and_answered(session: Any, record: Tracked) -> Any:
    page = next(page for page in HANDBOOK.values() if page.record is type(record))
    return sql.read(session.connection(), page, tuple(page.declared), [record.id])[0]


def test_lists_hold_what_there_is_and_are_empty_where_there_is_nothing(session, panel):
    gate, (one, two, three) = declared_and_answered(session, panel.gate), [person.id for person in panel.people]
    otter, heron = panel.otter.id, panel.heron.id
    leads = [lead.id for lead in panel.leads]
    assert (gate.panel_size, gate.chair_id, gate.panel_ids) == (3, one, {one, two, three})
    assert gate.applicant_ids == {*leads, three}
    assert gate.conflicts_here == {(leads[0], otter), (leads[1], heron), (two, heron), (three, otter)}
    assert {application for _, application in gate.scores_here} == {otter, heron}
    assert (gate.ranks, gate.open_interviews) == ((), 1)
    panel.take(panel.chair, "proceed", proceed_reason="The interview is held tomorrow.")
    session.execute(Slot.__table__.update().values(state="held").where(Slot.state == "booked"))
    panel.take(panel.chair, "moderate")
    assert sorted(declared_and_answered(session, panel.gate).ranks) == [1, 2]

    waiting = declared_and_answered(session, gate_of(session, panel.call.challenge, "interview"))
    assert (waiting.chair_id, waiting.panel_ids, waiting.conflicts_here, waiting.scores_here) == (
        None,
        *[frozenset()] * 3,
    )

    assignment = declared_and_answered(session, panel.assignment(panel.people[1], panel.heron))
    assert assignment.criteria == assignment.scored == set(panel.gate.criteria.split(","))
    assert assignment.conflicts is True

    slots = [declared_and_answered(session, slot) for slot in session.scalars(select(Slot).order_by(Slot.id))]
    assert [slot.invited_applications for slot in slots] == [
        {(otter, panel.otter.team_id), (heron, panel.heron.team_id)}
    ] * 2
    assert [{application for _, application in slot.conflicts_here} for slot in slots] == [{heron}] * 2


LISTS = {
    "numbers": (Ids, "[3, 1, 3]", frozenset({1, 3})),
    "words": (Names, '["a,b", "c:d"]', frozenset({"a,b", "c:d"})),
    "scores": (Marks, '[["plan", 2], ["plan", 2]]', (("plan", 2), ("plan", 2))),
    "nothing": (Ids, None, frozenset()),
    "no marks": (Marks, "[]", ()),
}


@pytest.mark.parametrize(("kind", "text", "found"), list(LISTS.values()), ids=list(LISTS))
def test_a_list_is_read_from_its_text(kind, text, found):
    assert ListOf(kind).process_result_value(text, None) == found


@pytest.mark.parametrize(("text", "found"), [("need,plan", {"need", "plan"}), ("", frozenset()), (None, frozenset())])
def test_words_with_commas_between_are_read_too(text, found):
    assert ListOf(Names, commas=True).process_result_value(text, None) == found
