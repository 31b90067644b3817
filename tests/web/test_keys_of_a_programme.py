"""Every key of a programme file decides something, or stands in words that people read; one that does not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

import pytest
import yaml

from civflow.services.assessment.ranking import cost_of_a_place
from civflow.services.challenges.calendar import send_by
from civflow.services.questions.questions import last_moment, promised
from civflow.workflows.programme import (
    Of,
    Part,
    Problem,
    Programme,
    ProgrammeError,
    Retired,
    read_new_programme,
    read_programme,
    shipped_programmes,
)
from tests.web import programme_keys as looks
from tests.web.programme_keys import Look, World, a_world, of, on

SOURCE = shipped_programmes()["civtech"].source
FILE = yaml.safe_load(SOURCE)
FORM, BOOK = on("/challenges/{one.slug}/form"), on("/handbook/programmes/civtech")
DRAFT, SHEET = on("/challenges/{three.slug}/edit/text-problem", "owner"), on("/challenges/{two.slug}/scoring", "scorer")
CRITERIA = on("/challenges/{two.slug}/edit/criteria", "owner")
BRIEF, ASKED = ("brief", 0), ("forms", "application", "questions", 0)
SCORING, CARD = ("readiness", "scoring"), ("scorecards", "sift")
CALL, SIFT, INTERVIEW, WORK, PITCH, BUILD, SHOW, AWARD = (("stages", number) for number in range(8))


def swapped(criteria: Any) -> Any:
    """The weights of the first and the last criterion change places: they still sum to 100."""
    first, *others, last = criteria
    return [{**first, "weight": last["weight"]}, *others, {**last, "weight": first["weight"]}]


def shown_first(stages: Any) -> Any:
    """Demo day comes before the accelerator."""
    onwards = {"pitch": "demo_day", "demo_day": "accelerator", "accelerator": "contract"}
    return [{**stage, "then": onwards[stage["id"]]} if stage["id"] in onwards else stage for stage in stages]


# Each key: where it stands in the shipped file, what it is changed to, and where the difference is met.
KEYS: dict[str, tuple[tuple[str | int, ...], Any, Look]] = {
    "programme": (("programme",), "civtech_two", of(looks.stored_as)),
    "version": (("version",), "9", of(looks.stored_as)),
    "title": (("title",), "Another", BOOK),
    "sentence": (("sentence",), "Another.", BOOK),
    "timezone": (("timezone",), "America/New_York", of(looks.calendar)),
    "bank_holidays": (("bank_holidays",), "england-and-wales", of(looks.calendar)),
    "money_excludes_vat": (("money_excludes_vat",), False, of(looks.agreed)),
    "contact": (("contact",), "other@example.org", CRITERIA),
    "brief.id": ((*BRIEF, "id"), "trouble", of(looks.is_written)),
    "brief.title": ((*BRIEF, "title"), "The trouble", DRAFT),
    "brief.hint": ((*BRIEF, "hint"), "Another hint.", DRAFT),
    "brief.words": ((*BRIEF, "words"), 1, of(looks.is_written)),
    "brief.required": (("brief", 4, "required"), True, of(looks.is_written)),
    "readiness.answer_within": (
        ("readiness", "answer_within"),
        "3 working days",
        of(lambda world: send_by(world.programme, world.draft.opens_at)),
    ),
    "readiness.scoring.needed": ((*SCORING, "needed"), True, of(looks.compiled)),
    "readiness.scoring.people": ((*SCORING, "people"), 3, of(looks.compiled)),
    "readiness.scoring.least": ((*SCORING, "least"), 51, of(looks.compiled)),
    "readiness.scoring.scale.least": ((*SCORING, "scale"), {"least": 1, "most": 4}, of(looks.a_sheet)),
    "readiness.scoring.scale.most": ((*SCORING, "scale"), {"least": 0, "most": 5}, of(looks.a_total)),
    "readiness.scoring.scale.words": ((*SCORING, "scale", "words", 0), "Never", SHEET),
    "readiness.scoring.criteria.id": ((*SCORING, "criteria", 0, "id"), "size", of(looks.a_sheet)),
    "readiness.scoring.criteria.title": ((*SCORING, "criteria", 0, "title"), "Size", SHEET),
    "readiness.scoring.criteria.weight": ((*SCORING, "criteria"), swapped, of(looks.a_total)),
    "readiness.scoring.criteria.guidance": ((*SCORING, "criteria", 0, "guidance"), "Look.", SHEET),
    "questions.answer_within": (
        ("questions", "answer_within"),
        "6 working days",
        of(lambda world: promised(world.programme, world.call.now, None)),
    ),
    "questions.last_asked": (
        ("questions", "last_asked"),
        "2 weeks",
        of(lambda world: last_moment(world.session, world.draft)),
    ),
    "forms.title": (("forms", "application", "title"), "Our form", FORM),
    "forms.questions.id": ((*ASKED, "id"), "our_idea", of(looks.missing)),
    "forms.questions.title": ((*ASKED, "title"), "Your thought", FORM),
    "forms.questions.hint": ((*ASKED, "hint"), "Another hint.", FORM),
    "forms.questions.words": ((*ASKED, "words"), 79, of(looks.missing)),
    "forms.questions.required": ((*ASKED, "required"), False, of(looks.missing)),
    "scorecards.scale.least": ((*CARD, "scale"), {"least": 1, "most": 4}, of(looks.gates)),
    "scorecards.scale.most": ((*CARD, "scale"), {"least": 0, "most": 5}, of(looks.gates)),
    "scorecards.scale.words": ((*CARD, "scale", "words", 0), "Nothing", CRITERIA),
    "scorecards.criteria.id": (("scorecards", "interview", "criteria", 6, "id"), "green", of(looks.gates)),
    "scorecards.criteria.title": ((*CARD, "criteria", 0, "title"), "Fits", CRITERIA),
    "scorecards.criteria.weight": ((*CARD, "criteria"), swapped, of(looks.ranked)),
    "scorecards.criteria.guidance": ((*CARD, "criteria", 0, "guidance"), "Look.", CRITERIA),
    "scorecards.ties": ((*CARD, "ties"), ["commitment", "solves"], of(looks.ranked)),
    "stages.id": ((*SHOW, "id"), "fair", of(looks.compiled)),
    "stages.kind": ((*WORK, "kind"), "event", of(looks.went_on)),
    "stages.title": ((*SHOW, "title"), "Fair", of(looks.compiled)),
    "stages.sentence": ((*SHOW, "sentence"), "Come.", of(looks.compiled)),
    "stages.lasts": ((*WORK, "lasts"), "5 weeks", of(looks.calendar)),
    "stages.lasts_at_least": ((*CALL, "lasts_at_least"), "4 weeks", of(looks.compiled)),
    "stages.lasts_at_most": ((*CALL, "lasts_at_most"), "10 weeks", of(looks.checked)),
    "stages.closes_at": ((*CALL, "closes_at"), "17:00", of(looks.closes)),
    "stages.late_access_hours": ((*CALL, "late_access_hours"), 48, of(looks.calendar)),
    "stages.then": (("stages",), shown_first, of(looks.calendar)),
    "stages.cap": ((*SIFT, "cap"), 5, of(looks.gates)),
    "stages.reserve": ((*SIFT, "reserve"), 1, of(looks.the_line)),
    "stages.money": (
        (*BUILD, "money"),
        1,
        of(lambda world: cost_of_a_place(world.programme, world.programme.stage("pitch"), world.call.challenge)),
    ),
    "stages.form": ((*PITCH, "form"), None, of(looks.asked_again)),
    "stages.scorecard": ((*SIFT, "scorecard"), "pitch", of(looks.gates)),
    "stages.panel.people": ((*SIFT, "panel", "people"), 5, of(looks.wanted)),
    "stages.panel.assessors_per_application": ((*SIFT, "panel", "assessors_per_application"), 2, of(looks.matched)),
    "stages.panel.largest_load": ((*SIFT, "panel", "largest_load"), 7, of(looks.seated)),
    "stages.panel.sides": ((*SIFT, "panel", "sides"), ["expert"], of(looks.wanted)),
    "stages.interview_minutes": ((*INTERVIEW, "interview_minutes"), 45, of(looks.interviewed)),
    "stages.days_to_accept": ((*BUILD, "days_to_accept"), 9, of(lambda world: looks.the_place(world).respond_by)),
    "stages.sprint_weeks": ((*BUILD, "sprint_weeks"), 3, of(looks.planned)),
    "stages.deliverables.title": ((*BUILD, "deliverables", 0, "title"), "Another", of(looks.planned)),
    "stages.deliverables.done_when": ((*BUILD, "deliverables", 0, "done_when"), "Tried.", of(looks.planned)),
    "stages.standstill_days": ((*AWARD, "standstill_days"), 20, of(looks.standing_still)),
}


def keys(kind: type[Part], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every key that a file can have, with its field; one that holds others stands for these."""
    for name, key in kind.model_fields.items():
        parts = list(_parts_in(key.annotation))
        for part in parts:
            yield from keys(part, f"{before}{name}.")
        if not parts:
            yield f"{before}{name}", key


def _parts_in(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts_in(argument)


RETIRED = {name for name, key in keys(Programme) if any(isinstance(mark, Retired) for mark in key.metadata)}


def changed(where: tuple[str | int, ...], value: Any) -> Any:
    """The shipped file with another value at one place."""
    contents = deepcopy(FILE)
    *path, key = where
    part = contents
    for step in path:
        part = part[step]
    part[key] = value(part[key]) if callable(value) else value
    return contents


@pytest.fixture
def world(scenes, closed_call) -> World:
    return scenes.play(a_world)


def test_every_key_of_a_programme(world, come):
    """A new key stands in KEYS with what it decides, or is marked as one that decides nothing."""
    assert {name for name, _ in keys(Programme)} - RETIRED == set(KEYS)

    as_it_is = {look: world.looked_at(FILE, look, come) for look in {look for _, _, look in KEYS.values()}}
    same = [
        name
        for name, (where, value, look) in KEYS.items()
        if world.looked_at(changed(where, value), look, come) == as_it_is[look]
    ]
    assert same == []


def test_a_key_that_decides_nothing_is_refused_in_a_new_file_and_left_alone_in_a_stored_one():
    told = {
        "roles": (("roles",), ["assessor"]),
        "visibility": (("visibility",), {"public": ["result"]}),
        "stages.panel.roles": ((*SIFT, "panel", "roles"), ["assessor"]),
        "stages.starts": ((*CALL, "starts"), "2026-02-01"),
        "stages.ends": ((*CALL, "ends"), "2026-03-01"),
        "stages.after_months": (("stages", 8, "after_months"), [6, 12]),
    }
    assert set(told) == RETIRED

    for name, (where, value) in told.items():
        source = yaml.safe_dump(changed(where, value), sort_keys=False)
        read_programme(source)
        with pytest.raises(ProgrammeError) as error:
            read_new_programme(source)
        assert [problem.key for problem in error.value.problems] == [".".join(map(str, where))], name
        assert error.value.problems[0].sentence.startswith("This key decides nothing. ")


def test_a_key_of_a_stage_is_refused_where_stages_of_its_kind_have_no_use_for_it():
    source = SOURCE.replace("    lasts: 15 weeks\n", "    lasts: 15 weeks\n    cap: 1\n")
    line = source[: source.index("    cap: 1\n    money: 30000")].count("\n") + 1
    assert read_programme(source).programme.stage("accelerator").cap == 1

    with pytest.raises(ProgrammeError) as error:
        read_new_programme(source)

    sentence = "It decides nothing at a stage of this kind, only at a gate."
    assert error.value.problems == [Problem(line, "stages.5.cap", sentence)]
    kinds = {name: mark.kinds for name, key in keys(Programme) for mark in key.metadata if isinstance(mark, Of)}
    assert kinds["stages.money"] == ("work", "award")
