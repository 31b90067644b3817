"""The proofs themselves: each fault of a page is found and named; a page that contradicts itself cannot be made."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table

from civflow.models import Membership, Round, Slot
from civflow.workflows.engine import (
    Actor,
    Ask,
    Case,
    Columns,
    Comments,
    Facts,
    Followed,
    HandbookError,
    Letter,
    Line,
    Moment,
    News,
    RoleHeld,
    State,
    Step,
    Workflow,
    rule,
)
from civflow.workflows.engine.check import findings, paths
from civflow.workflows.engine.draw import drawing, mermaid
from civflow.workflows.engine.language import INNER, Rule
from civflow.workflows.rules import anyone_signed_in, the_approver, the_programme_manager


class MoonFacts(Facts):
    moon: int


@rule("The moon is full.", needs=("moon",))
def the_moon_is_full(case: Case[MoonFacts]) -> bool:
    return case.facts.moon == 14


@rule("You audit.", role="auditor")
def any_auditor(case: Case) -> bool:
    return True


@rule("Everybody may.", public=True)
def everybody_may(case: Case) -> bool:
    return True


@rule("You are nobody.")
def nobody_at_all(case: Case) -> bool:
    return False


def step(name: str, source: Any, target: str, **more: Any) -> Step:
    return Step(name, source, target, **{"by": anyone_signed_in, "label": "Do it", "says": "It is done.", **more})


WITHOUT_A_CHALLENGE = SimpleNamespace(
    __name__="Application",
    __table__=Table("application", MetaData(), *(Column(name, String) for name in (*INNER, "stage"))),
)


def waits(whom: Any, *, live: bool = True) -> list[State]:
    """The states of a page, of which the second waits for somebody."""
    planned, closed = State("planned", "S.", live=True), State("closed", "S.", final=True)
    return [planned, State("open", "S.", waits_for=whom, live=live), closed]


OPEN = step("open", "planned", "open")
CLOSE = step("close", "open", "closed")


def page(*steps: Step, final: tuple[str, ...] = ("closed",), record: Any = Round, **more: Any) -> Workflow:
    states = [
        State(name, "A sentence.", final=name in final, live=name not in final)
        for name in ("planned", "open", "closed")
    ]
    name = more.pop("name", record.__name__.lower())
    declared = {
        "title": "Number {id}",
        "sees": (the_programme_manager,),
        "shows": shown(record),
        "states": states,
        "steps": steps,
        "checks_states": False,
    }
    return Workflow(name, record, **{**declared, **more})


def shown(record: Any, *without: str, **more: Any) -> Columns:
    """Every column of a record is shown, but for some that nothing is said of."""
    columns = (c.name for c in record.__table__.c if c.name not in (*INNER, *without))
    return Columns(tuple(columns), **more)


FAULTS = {
    "a state that nothing leads to": (
        page(step("close", "planned", "closed"), CLOSE),
        ["round: nothing leads to the state “open”."],
    ),
    "a state that nothing leaves": (
        page(OPEN, step("close", "planned", "closed")),
        ["round: nothing leaves the state “open”, and it is not final."],
    ),
    "a step back into itself does not leave": (
        page(OPEN, step("stay", "open", "open"), step("close", "planned", "closed")),
        ["round: nothing leaves the state “open”, and it is not final."],
    ),
    "a circle without an end": (
        page(OPEN, step("back", "open", "planned", reason=True), step("end", "closed", "closed"), begins=("closed",)),
        [
            "round: from the state “planned” no final state can be reached.",
            "round: from the state “open” no final state can be reached.",
        ],
    ),
    "no final state": (
        page(OPEN, CLOSE, step("again", "closed", "open", reason=True), final=()),
        ["round: it has no final state."],
    ),
    "a step that nobody can take": (
        page(OPEN, step("close", "open", "closed", by=nobody_at_all)),
        ["round.close: nobody could ever take it from “open”: You are nobody."],
    ),
    "an effect that no service does": (
        page(OPEN, step("close", "open", "closed", then=("ring_the_bell", "tell_the_town"))),
        ["round: no service does “ring_the_bell”."],
    ),
    "a fact that no service knows": (
        page(OPEN, step("close", "open", "closed", requires=(the_moon_is_full,)), facts=MoonFacts),
        ["round: no service knows the fact “moon”."],
    ),
    "a fact that no service knows, and no rule looks at": (
        page(OPEN, CLOSE, facts=MoonFacts),
        ["round: no service knows the fact “moon”."],
    ),
    "a due column that holds no moment": (
        page(OPEN, step("close", "open", "closed", due="title")),
        ["round.close: the column “title” holds no moment."],
    ),
    "a fact that no service knows about who sees it": (
        page(OPEN, CLOSE, sees=(the_moon_is_full,), facts=MoonFacts),
        ["round: no service knows the fact “moon”."],
    ),
    "a rule for a role that admits others": (
        page(OPEN, CLOSE, sees=(any_auditor,)),
        ["round: “You audit.” names the role “auditor”, and admits people without it."],
    ),
    "a choice without choices": (
        page(OPEN, step("close", "open", "closed", asks=(Ask("why", "Why", "choice"),))),
        ["round.close: nobody can answer “Why”: its kind or its choices are wrong."],
    ),
    "an unknown kind of input": (
        page(OPEN, step("close", "open", "closed", asks=(Ask("when", "When", "sundial"),))),
        ["round.close: nobody can answer “When”: its kind or its choices are wrong."],
    ),
    "words of which nobody says who reads them": (
        page(OPEN, step("close", "open", "closed", asks=(Ask("why", "Why"),))),
        ["round.close: “Why” does not say who reads it, or is not words that anybody reads."],
    ),
    "an input that is an id": (
        page(OPEN, step("close", "open", "closed", asks=(Ask("score_id", "Which score", "number"),))),
        ["round.close: “Which score” asks for an id, and people know records by their names."],
    ),
    "a record that is chosen among nothing": (
        page(
            OPEN, step("close", "open", "closed", asks=(Ask("score_id", "Which", "record", of="score", among="all"),))
        ),
        ["round.close: “Which” chooses among 'all', which no rule of the step needs."],
    ),
    "a step back that asks for no reason": (
        page(OPEN, CLOSE, step("reopen", "closed", "open")),
        ["round.reopen: it goes back, so it must ask for a reason."],
    ),
    "a button without words": (
        page(OPEN, step("close", "open", "closed", label="")),
        ["round.close: it needs a label for its button and a sentence about what happens."],
    ),
    "a step that does not say what it does": (
        page(OPEN, step("close", "open", "closed", says="")),
        ["round.close: it needs a label for its button and a sentence about what happens."],
    ),
    "a state that waits for somebody who can take no step from it": (
        page(
            OPEN,
            step("close", "open", "closed", by=the_programme_manager),
            states=[
                State("planned", "S.", live=True),
                State(
                    "open", "S.", waits_for={the_approver: "Close {record}", the_programme_manager: "Close {record}"}
                ),
                State("closed", "S.", final=True),
            ],
        ),
        ["round: the state “open” waits for the approvers, who can take no step from it."],
    ),
    "a state without a sentence": (
        page(
            OPEN,
            CLOSE,
            states=[State("planned", "", live=True), State("open", "S.", live=True), State("closed", "S.", final=True)],
        ),
        ["round: the state “planned” has no sentence."],
    ),
}


@pytest.mark.parametrize(("wrong", "sentences"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_fault_is_found_and_named(wrong, sentences):
    assert findings(wrong, effects={"tell_the_town"}, facts={}) == sentences


def test_a_page_that_holds_has_no_findings():
    good = page(
        OPEN,
        step("close", "open", "closed", then=("tell_the_town",), requires=(the_moon_is_full,), due="ends_at"),
        step("reopen", "closed", "open", reason=True),
        step("redo", "closed", "planned", onwards=True, by=the_programme_manager),
        step("change", "open", "open", path="/rounds/{id}/change", on_its_page=True),
        step("hold", "open", "open", asks=(Ask("how", "How", "choice", choices=(("a", "A"),)),)),
        facts=MoonFacts,
    )

    assert findings(good, effects={"tell_the_town"}, facts={"round": {"moon"}}) == []


def test_paths_are_the_shortest():
    shortcut = page(OPEN, CLOSE, step("cancel", "planned", "closed"))

    assert {s: [t.name for t in way] for s, way in paths(shortcut).items()} == {
        "planned": [],
        "open": ["open"],
        "closed": ["cancel"],
    }


CONTRADICTIONS = {
    "round: a record cannot begin in 'born', which is no state.": {"begins": ("born",), "steps": (OPEN,)},
    "round.open: there is no state 'opne'.": {"steps": (step("open", "planned", "opne"),)},
    "round.open: there is no state 'plan'.": {"steps": (step("open", ("planned", "plan"), "open"),)},
    "round.open: 'a manager' is not a rule.": {"steps": (step("open", "planned", "open", by=("a manager",)),)},
    "round.open: the table has no column 'opened_at'.": {
        "steps": (step("open", "planned", "open", stamps=("opened_at",)),)
    },
    "round.open: the table has no column 'signer_id'.": {
        "steps": (step("open", "planned", "open", signs=("signer_id",)),)
    },
    "round.open: the table has no column 'later'.": {"steps": (step("open", "planned", "open", due="later"),)},
    "round.open: two steps of this name leave 'planned'.": {"steps": (OPEN, step("open", "planned", "closed"))},
    "round.open: steps of one name have one path, and all or none publish or are quiet.": {
        "steps": (OPEN, step("open", "closed", "open", quiet=True))
    },
    "round.open: it locks its gate, and the table does not say which that is.": {
        "steps": (step("open", "planned", "open", locks=("gate",)),)
    },
    "round.open: it is taken only on a page of its own, so it says at which path.": {
        "steps": (step("open", "planned", "open", on_its_page=True),)
    },
    "round.open: the path '/rounds/open' begins with a slash and names a column of the record in braces.": {
        "steps": (step("open", "planned", "open", path="/rounds/open"),)
    },
    "round.open: the path '/rounds/{number}' names 'number', and the table has no such column.": {
        "steps": (step("open", "planned", "open", path="/rounds/{number}"),)
    },
    **{
        f"round.open, to all: {sentence}": {"steps": (step("open", "planned", "open", tells={"all": letter}),)}
        for sentence, letter in {
            "the letter names 'motto', which is no column, and none of title, actor, reason, button, says.": Letter(
                "Open", "{motto}"
            ),
            "the letter names 'title.x', which is no column, and none of title, actor, reason, button, says.": Letter(
                "{title.x}", "It is open."
            ),
            "the letter names 'weather', which is no column, and none of title, actor, reason, button, says.": News(
                "opens", "{weather}"
            ),
            "the letter names the reason, and the step asks for none.": Letter("Open", "{reason}"),
            "'{Title}' has braces around what cannot be a column's name.": Letter("{Title}", "It is open."),
            "a letter has a subject and a body, or a template by name.": Letter("Open"),
            "only a template prints what 'the_weather' answers.": Letter("Open", "It is open.", words="the_weather"),
            "the letter leads to 'rounds', and a path begins with a slash.": Letter(template="step", about="rounds"),
            "news has a sentence, or names the function that makes it.": News("opens"),
            "'It is open.' is no letter, and no news.": "It is open.",
        }.items()
    },
    "round: the path 'rounds/{id}' begins with a slash and names a column of the record in braces.": {
        "path": "rounds/{id}"
    },
    "round: '/rounds/{id}/{}' has braces around what cannot be a column's name.": {"path": "/rounds/{id}/{}"},
    "round: it does not say what people call a record: give it a title, such as '{name}'.": {"title": ""},
    "round: the title '{name}' names 'name', which is no column, and no column 'name_id' refers to anything.": {
        "title": "{name}"
    },
    "round: the title '{title.x}' names 'title', which is no column, and no column 'title_id' refers to anything.": {
        "title": "{title.x}"
    },
    "membership: the title '{team.motto}' names 'team.motto', and the table of its team has no such column.": {
        "title": "{team.motto}",
        "record": Membership,
    },
    "application: the title '{stage}' names a stage, and a record says nowhere of which challenge.": {
        "title": "{stage}",
        "name": "application",
        "record": WITHOUT_A_CHALLENGE,
    },
    "round: '{Title}' has braces around what cannot be a column's name.": {"title": "{Title}"},
    "round: the title '{shortly}' names 'shortly', which is no column, and no column 'shortly_id' refers to anything.": {
        "short": "{shortly}"
    },
    "round: it does not say who sees a record: name the rules under sees.": {"sees": ()},
    "round: 'everybody' is not a rule about who sees what.": {"sees": ("everybody",)},
    "round: the rule “a_king” names the role 'king', and there is no such role.": {
        "sees": (Rule("a_king", "You are a king.", nobody_at_all.claim, role="king"),)
    },
    "round: it does not say what is shown of a record: name the columns under shows.": {"shows": None},
    "round: it does not say who reads the column 'slug': name it among shown, staff or hidden.": {
        "shows": shown(Round, "slug")
    },
    "round: it says who reads the column 'motto', and the table has none.": {"shows": shown(Round, hidden=("motto",))},
    "round: it says twice who reads the column 'slug'.": {"shows": shown(Round, hidden=("slug",))},
    "round: the column 'slug' is guarded, and shown to nobody.": {
        "shows": shown(Round, "slug", hidden=("slug",), guarded={"slug": everybody_may})
    },
    "round: 'its words' is not a rule about who sees what.": {"shows": shown(Round, guarded={"slug": "its words"})},
    "round: 'its scores' is not a rule about who sees what.": {"shows": shown(Round, beyond=("its scores",))},
    "round: 'the asker' is not a rule about who sees what.": {"names_who_began": "the asker"},
    "round: it has comments, and does not say who reads them and who writes them.": {
        "comments": Comments(read=(everybody_may,), write=())
    },
    "round: 'its readers' is not a rule about who sees what.": {
        "comments": Comments(read=("its readers",), write=(everybody_may,))
    },
    "round: the role 'king' is told of comments, and there is no such role.": {
        "comments": Comments((everybody_may,), (everybody_may,), told=("king",))
    },
    "round: the path '/hubs/{motto}' names 'motto', and the table has no such column.": {
        "comments": Comments((everybody_may,), (everybody_may,), path="/hubs/{motto}")
    },
    "round.comments: a step cannot have this name, which stands for another page of a record.": {
        "steps": (OPEN, step("comments", "open", "closed")),
    },
    "round, who sees it: 'the_moon_is_full' needs the fact 'moon', which Facts does not declare.": {
        "comments": Comments((the_moon_is_full,), (everybody_may,))
    },
    "round: it is followed, and does not say by whom, and of what they are told.": {
        "followed": Followed((), "it rains")
    },
    "round: 'its fans' is not a rule about who sees what.": {"followed": Followed(("its fans",), "it rains")},
    "round: the news 'a_name_of_more_than_twenty' has a name of more than 20 letters.": {
        "followed": Followed((everybody_may,), "it rains", subjects={"a_name_of_more_than_twenty": "Rain"})
    },
    "round: the state 'lost' is not public, and it is no state.": {"not_public": ("lost",), "sees": (everybody_may,)},
    "round: it says what is not public, and no rule under sees is for the public.": {"not_public": ("planned",)},
    "round: it finds its time zone by the column 'land_id', and the table has none.": {"zone": "land_id"},
    "round: it finds its time zone by the column 'ends_at', which holds no name of a zone, and refers to nothing.": {
        "zone": "ends_at"
    },
    "membership: it finds its time zone by the column 'person_id', which refers to something that keeps no clock.": {
        "zone": "person_id",
        "record": Membership,
    },
    "round: the calendar has the column 'dawn', and the table has none.": {"calendar": (Moment("dawn", "Dawn"),)},
    "round: the calendar has the column 'dusk', and the table has none.": {
        "calendar": (Moment("starts_at", "It begins", until="dusk"),)
    },
    "round: the calendar has the column 'title', which holds no moment.": {"calendar": (Moment("title", "Title"),)},
    "round: the calendar has the column 'ends_at', which nobody reads.": {
        "calendar": (Moment("ends_at", "It ends"),),
        "shows": shown(Round, "ends_at", hidden=("ends_at",)),
    },
    "round: the calendar does not say what the column 'ends_at' is.": {"calendar": (Moment("ends_at", ""),)},
    "round, state 'open': it says neither whom it waits for, nor by when it goes on by itself, nor that it may stand.": {
        "states": waits({}, live=False)
    },
    "round, state 'closed': it is final, and waits for nobody.": {
        "states": [*waits({})[:2], State("closed", "S.", final=True, live=True)]
    },
    "round, state 'open': 'the office' is not a rule about whom it waits for.": {
        "states": waits({"the office": "Close it"})
    },
    "round, state 'open': the rule “somebody” does not say in words whom it admits.": {
        "states": waits({Rule("somebody", "You are.", nobody_at_all.claim, finds=("id",)): "Close it"})
    },
    "round, state 'open': the rule “anyone_signed_in” does not say by which role, column or fact the records are found.": {
        "states": waits({replace(anyone_signed_in, called="everybody"): "Close it"})
    },
    "round, state 'open': the rule “anyone_signed_in” finds records by 'king_id', which is no role, column or fact.": {
        "states": waits({replace(anyone_signed_in, called="the king", finds=("king_id",)): "Close it"})
    },
    "round, state 'open': it waits for the step 'shut', which does not leave it.": {
        "states": waits({the_programme_manager: Line("Close it", step="shut")})
    },
    "round, state 'open': 'soon' is not a rule about when somebody is waited for.": {
        "states": waits({the_programme_manager: Line("Close it", when=("soon",))})
    },
    "round, state 'open': a line is due at 'later', which is no column and no fact.": {
        "states": waits({the_programme_manager: Line("Close it", due="later")})
    },
    "round, state 'open': a line gathers by the column 'year', and the table has none.": {
        "states": waits({the_programme_manager: Line("Close {count:round}", gathers=("year",))})
    },
    "round, state 'open': a line has no words.": {"states": waits({the_programme_manager: " "})},
    "round, state 'open': 'Close {Title}' has braces around what cannot be a name.": {
        "states": waits({the_programme_manager: "Close {Title}"})
    },
    "round, state 'open': 'Close {motto}' names 'motto', which is no column, no fact and nothing that a column refers to.": {
        "states": waits({the_programme_manager: "Close {motto}"})
    },
    "round, state 'open': '{count:x}' names 'count', which is no column, no fact and nothing that a column refers to.": {
        "states": waits({the_programme_manager: "{count:x}"})
    },
    "round, state 'open': '{programme.motto}' names 'programme.motto', and the table of its programme has no such column.": {
        "states": waits({the_programme_manager: Line("Close it", detail="{programme.motto}")})
    },
}


@pytest.mark.parametrize(("sentence", "wrong"), list(CONTRADICTIONS.items()), ids=list(CONTRADICTIONS))
def test_a_page_that_contradicts_itself_cannot_be_made(sentence, wrong):
    with pytest.raises(HandbookError) as error:
        page(*wrong.get("steps", (OPEN, CLOSE)), **{key: value for key, value in wrong.items() if key != "steps"})

    assert str(error.value) == sentence


def test_a_page_is_drawn_with_its_ends_and_its_ways_back():
    drawn = page(
        OPEN,
        CLOSE,
        step("cancel", "open", "closed", label="Cancel"),
        step("stay", "open", "open"),
        step("reopen", "closed", "open", reason=True, label="Reopen"),
    )

    nodes, edges = drawing(drawn, {"open": 3})

    assert [tuple(n) for n in nodes] == [
        ("planned", "Planned", True, False, 0),
        ("open", "Open", False, False, 3),
        ("closed", "Closed", False, True, 0),
    ]
    assert [tuple(e) for e in edges] == [
        ("planned", "open", "Do it", False),
        ("open", "closed", "Do it / Cancel", False),
        ("closed", "open", "Reopen", True),
    ]
    assert mermaid(drawn) == (
        "stateDiagram-v2\n"
        '    state "Planned" as planned\n'
        '    state "Open" as open\n'
        '    state "Closed" as closed\n'
        "    [*] --> planned\n"
        "    planned --> open: Do it\n"
        "    open --> closed: Do it / Cancel\n"
        "    closed --> open: Reopen\n"
        "    closed --> [*]\n"
    )


def test_a_role_counts_in_its_own_scope_and_everywhere_for_the_site():
    booked = page(record=Slot, states=[State("offered", "S.", final=True)], steps=())
    record = Slot(id=3, round_id=1, challenge_id=2, team_id=4, gate_id=5, state="offered")

    def holds(held: RoleHeld) -> bool:
        return Case(booked, record, Actor(9, "Ann", frozenset({held})), None).holds("assessor")

    assert {
        (scope, number): holds(RoleHeld("assessor", scope, number))
        for scope, number in (("site", None), ("round", 1), ("round", 2), ("challenge", 2), ("team", 4), ("team", None))
    } == {
        ("site", None): True,
        ("round", 1): True,
        ("round", 2): False,
        ("challenge", 2): True,
        ("team", 4): True,
        ("team", None): False,
    }
    assert not holds(RoleHeld("auditor", "site", None))


def test_a_role_for_a_team_says_nothing_about_a_record_without_a_team():
    """A slot that nobody has booked has no team: whoever leads no team must not lead this one."""
    free = page(record=Slot, states=[State("offered", "S.", final=True)], steps=())
    record = Slot(id=3, round_id=1, challenge_id=2, team_id=None, gate_id=5, state="offered")
    actor = Actor(9, "Ann", frozenset({RoleHeld("team_member", "team", None)}))

    assert not Case(free, record, actor, None).holds("team_member")


def test_a_limit_is_the_largest_that_counts_here():
    limited = page(OPEN, CLOSE, scope=True)
    held = frozenset(
        {
            RoleHeld("approver", "site", None, 100),
            RoleHeld("approver", "round", 1, 300),
            RoleHeld("approver", "round", 2, 900),
        }
    )
    case = Case(limited, Round(id=1, state="open"), Actor(9, "Ann", held), None)

    assert (case.limit("approver"), case.limit("assessor")) == (300, 0)
