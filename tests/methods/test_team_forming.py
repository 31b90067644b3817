"""Forming teams: the optimum against every possibility, rules that never break, and sentences for what cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from civflow.methods.team_forming import Teams, form_teams
from civflow.methods.team_forming.plan import Person, Plan, Team
from civflow.methods.team_forming.search import search

SKILLS = ("data", "design", "care")
Where = Sequence[int | None]


@dataclass(frozen=True)
class Question:
    """A whole question, as `form_teams` is asked it."""

    people: tuple[Person, ...]
    teams: tuple[Team, ...]
    together: tuple[tuple[int, int], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    placed: tuple[tuple[int, int], ...] = ()

    def answer(self) -> Teams:
        return form_teams(self.people, self.teams, together=self.together, apart=self.apart, placed=dict(self.placed))

    def searched(self, seed: int = 0) -> Where:
        plan = Plan.of(
            self.people,
            self.teams,
            together=self.together,
            apart=self.apart,
            placed=dict(self.placed),
            skill_points=3,
            wish_points=(3, 2, 1),
        )
        return search(plan, effort=1.0, seed=seed)

    def keeps_the_rules(self, where: Where) -> bool:
        sizes = [sum(t == team for t in where) for team in range(len(self.teams))]
        return (
            all(not n or team.smallest <= n <= team.largest for n, team in zip(sizes, self.teams, strict=True))
            and all(where[a] == where[b] for a, b in self.together)
            and all(where[a] is None or where[a] != where[b] for a, b in self.apart)
            and all(where[person] == team for person, team in self.placed)
        )

    def worth(self, where: Where) -> int:
        """3 for each asked skill that somebody brings; 3, 2 and 1 for the first, second and third wish."""
        points = 0
        for number, team in enumerate(self.teams):
            inside = [self.people[p] for p, t in enumerate(where) if t == number]
            points += sum(3 for skill in team.asks if any(skill in person.skills for person in inside))
            points += sum(3 - p.wishes.index(team.challenge) for p in inside if team.challenge in p.wishes)
        return points

    def everything(self) -> Iterator[Where]:
        """Every way to place these people that keeps the rules."""
        return filter(self.keeps_the_rules, product((None, *range(len(self.teams))), repeat=len(self.people)))


def where_of(question: Question, teams: Teams) -> Where:
    return [
        next((t for t, inside in enumerate(teams.members) if p in inside), None) for p in range(len(question.people))
    ]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Five people, two teams, and a rule or two."""
    skills = st.frozensets(st.sampled_from(SKILLS))
    wishes = st.permutations(("bees", "buses", "bins")).map(tuple)
    people = tuple(Person(f"P{n}", draw(skills), draw(wishes)[: draw(st.integers(0, 3))]) for n in range(5))
    sizes = [draw(st.sampled_from(((1, 2), (2, 2), (2, 3), (3, 5)))) for _ in range(2)]
    teams = tuple(
        Team(f"T{n}", challenge, draw(skills), *size)
        for n, (challenge, size) in enumerate(zip(("bees", "buses"), sizes, strict=True))
    )
    pairs = st.lists(st.sampled_from([(0, 1), (1, 2), (2, 4), (3, 4)]), max_size=2, unique=True).map(tuple)
    placed = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=1).map(tuple))
    return Question(people, teams, draw(pairs), draw(pairs), placed)


@given(questions())
def test_nothing_under_the_same_rules_is_better(question: Question) -> None:
    assume(not set(question.together) & set(question.apart))
    possible = [(question.worth(where), sum(t is not None for t in where)) for where in question.everything()]
    assume(possible)
    found = question.answer()
    where = where_of(question, found)
    assert question.keeps_the_rules(where)
    assert (question.worth(where), sum(t is not None for t in where)) == max(possible)
    assert (found.value, found.bound, found.optimal) == (max(possible)[0], max(possible)[0], True)
    assert found.unplaced == tuple(p for p, t in enumerate(where) if t is None)


@given(questions(), st.integers(0, 3))
def test_the_search_keeps_the_rules_and_never_beats_the_optimum(question: Question, seed: int) -> None:
    assume(not set(question.together) & set(question.apart))
    possible = list(question.everything())
    assume(possible)
    where = question.searched(seed)
    alone = [t for p, t in question.placed if [q for q, w in enumerate(where) if w == t] == [p]]
    assert alone or question.keeps_the_rules(where)
    assert alone or question.worth(where) <= max(map(question.worth, possible))


def many(people: int, teams: int) -> Question:
    """More people than places, each with two of the skills and three wishes; some pairs and a placement."""
    skills = [frozenset({SKILLS[n % 3], SKILLS[n * n % 3]}) for n in range(people)]
    wishes = [tuple(f"C{(n * step) % teams}" for step in (1, 5, 7)) for n in range(people)]
    return Question(
        tuple(Person(f"P{n}", skills[n], tuple(dict.fromkeys(wishes[n]))) for n in range(people)),
        tuple(Team(f"T{n}", f"C{n}", frozenset(SKILLS), 3, 4) for n in range(teams)),
        together=((0, 1), (1, 2), (8, 9)),
        apart=((3, 4), (5, 6), (0, 5)),
        placed=((7, 2), (10, 0)),
    )


def test_the_search_comes_near_the_optimum() -> None:
    question = many(40, 8)
    best, where = question.answer(), question.searched()
    assert question.keeps_the_rules(where)
    assert question.worth(where) >= 0.93 * best.value


@pytest.mark.parametrize("size", [(20, 4), (110, 100)])
def test_the_same_question_has_the_same_answer(size: tuple[int, int]) -> None:
    question = many(*size)
    once, again = (
        form_teams(
            question.people, question.teams, together=question.together, apart=question.apart, effort=0.1, seed=3
        )
        for _ in range(2)
    )
    assert once == again


def test_what_is_too_large_to_prove_is_searched_and_has_an_honest_bound() -> None:
    question = many(110, 100)
    found = form_teams(
        question.people,
        question.teams,
        together=question.together,
        apart=question.apart,
        placed=dict(question.placed),
        effort=0.1,
    )
    where = where_of(question, found)
    assert question.keeps_the_rules(where)
    assert (found.value, found.optimal) == (question.worth(where), False)
    assert found.value <= found.bound == 3 * 3 * 100 + 3 * 110  # every skill of every team, every first wish
    assert len(found.unplaced) <= 2  # of 110 people, in teams of three and four


# What cannot be ------------------------------------------------------------------------------------------------------


def test_what_cannot_be_is_said() -> None:
    people = (Person("Ada", frozenset({"data"})), Person("Bo"), Person("Cy"))
    teams = (Team("Bees", "bees", frozenset({"data", "design", "care"}), 2, 2), Team("Buses", "buses", smallest=2))
    found = form_teams(people, teams, apart=[(1, 2)])
    assert found.members == ((0, 1), ())
    assert found.sentences == (
        "Bees lacks care, design.",
        "Buses stays empty: it could not reach 2 members.",
        "Cy has no team.",
    )
    assert (found.skills_asked, found.skills_covered, found.teams_covered) == (3, 1, 0)


def test_wishes_are_counted_by_rank() -> None:
    wishes = (("bees",), ("buses", "bees"), ("bins",), ())
    people = [Person(f"P{n}", wishes=wish) for n, wish in enumerate(wishes)]
    found = form_teams(people, [Team("Bees", "bees", smallest=4)])
    assert (found.wishes_granted, found.no_wish, found.value) == ((1, 1, 0), 2, 5)


def test_nobody_and_nothing() -> None:
    found = form_teams([], [Team("Bees", "bees")])
    assert (found.members, found.ratio) == (((),), 1.0)
    assert found.sentences == ("Bees stays empty: it could not reach 4 members.",)
    assert form_teams([Person("Ada")], []).sentences == ("Ada has no team.",)


@pytest.mark.parametrize("way", ["exact", "search"])
def test_who_was_placed_by_hand_stays_although_the_team_cannot_be_filled(way: str) -> None:
    question = Question(
        (Person("Ada"), Person("Bo"), Person("Cy"), Person("Di")),
        (Team("Bees", "bees", smallest=2, largest=3), Team("Buses", "buses", smallest=3, largest=3)),
        apart=((0, 1), (0, 2), (0, 3)),
        placed=((0, 0),),
    )
    if way == "search":
        assert question.searched() == [0, 1, 1, 1]
    else:
        found = question.answer()
        assert (found.members, found.sentences) == (((0,), (1, 2, 3)), ("Bees has 1 of at least 2 members.",))


BEES = Team("Bees", "bees", smallest=1, largest=2)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"together": [(0, 1)], "apart": [(1, 0)]}, "Two people must stay together and must stay apart."),
        ({"together": [(0, 1), (1, 2)], "apart": [(0, 2)]}, "Two people must stay together and must stay apart."),
        (
            {"together": [(0, 1)], "placed": {0: 0, 1: 1}},
            "Bo and somebody who stays with them are placed in two teams.",
        ),
        ({"placed": {0: 0, 1: 0, 2: 0}}, "More people are placed in Bees than the 2 that it can have."),
        (
            {"together": [(0, 1), (1, 2)], "placed": {0: 0}},
            "More people are placed in Bees than the 2 that it can have.",
        ),
        ({"apart": [(0, 1)], "placed": {0: 0, 1: 0}}, "Two people who must stay apart are placed in Bees."),
        ({"placed": {3: 0}}, "Person 3 cannot be placed in team 0: there is no such person or team."),
        ({"apart": [(0, 3)]}, "The pair (0, 3) does not name two people."),
        ({"together": [(1, 1)]}, "The pair (1, 1) does not name two people."),
        ({"wish_points": (3, -1)}, "Points for wishes cannot be negative."),
    ],
)
def test_rules_that_contradict_each_other_are_refused(rules: dict[str, object], sentence: str) -> None:
    people = [Person("Ada"), Person("Bo"), Person("Cy")]
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared
        form_teams(people, [BEES, Team("Buses", "buses", smallest=1)], **rules)  # type: ignore[arg-type]
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("people", "teams", "sentence"),
    [
        (["Ada", "Ada"], [BEES], "Two of them are called Ada: each person needs a name of its own."),
        (["Ada"], [BEES, BEES], "Two of them are called Bees: each team needs a name of its own."),
        (["Ada"], [Team("Bees", "bees", smallest=0)], "Bees cannot have 0 to 6 members."),
        (["Ada"], [Team("Bees", "bees", smallest=3, largest=2)], "Bees cannot have 3 to 2 members."),
    ],
)
def test_people_and_teams_must_make_sense(people: list[str], teams: list[Team], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared
        form_teams([Person(name) for name in people], teams)
    assert str(refused.value) == sentence
