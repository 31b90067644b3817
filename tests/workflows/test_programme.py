"""Programme files: each kind of error is told with its line, its key and a sentence, and nothing else is said."""

from __future__ import annotations

import pytest

from civflow.services.engine.effects import registered
from civflow.services.engine.facts import facts
from civflow.workflows.challenges.page import compile_challenge
from civflow.workflows.engine.check import findings, paths
from civflow.workflows.programme import Problem, ProgrammeError, WrongFiles, read_programme, reading, shipped_programmes

GOOD = """\
programme: small
version: "1"
title: A small programme
roles: [programme_manager, assessor]

forms:
  application:
    title: Application form
    questions:
      - {id: idea, title: Your idea, words: 80, required: true}
      - {id: team, title: Your team, words: 80}

scorecards:
  sift:
    scale: {least: 0, most: 2, words: [Nothing, Partly, Fully]}
    criteria:
      - {id: solves, title: Solves it, weight: 60}
      - {id: innovation, title: Innovation, weight: 40}
    ties: [solves]

stages:
  - id: call
    kind: call
    title: Open call
    lasts: 4 weeks
    form: application
  - id: sift
    kind: gate
    title: Sift
    lasts: 10 days
    cap: 4
    scorecard: sift
    panel: {people: 2, assessors_per_application: 2, largest_load: 20}
  - id: work
    kind: work
    title: Work
    lasts: 2 months
    cap: 4

visibility:
  public: [challenge, result]
"""
WORDS = "Write words here; a number, a time, yes and no need quotation marks around them."


def problems(source: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ProgrammeError) as error:
        read_programme(source)
    return [tuple(p) for p in error.value.problems]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_file_is_read():
    loaded = read_programme(GOOD)

    assert loaded.programme.title == "A small programme"
    assert [s.id for s in loaded.programme.flow] == ["call", "sift", "work"]
    assert loaded.programme.stage("sift").length.days == 10
    assert loaded.programme.stage("work").length.days == 60
    assert loaded.source == GOOD
    assert loaded.content_hash == read_programme(GOOD).content_hash != read_programme(GOOD + "# more\n").content_hash


@pytest.mark.parametrize("name", list(shipped_programmes()))
def test_a_shipped_programme_is_called_as_its_file(name):
    assert shipped_programmes()[name].programme.programme == name


ERRORS: dict[str, tuple[str, list[tuple[int, str, str]]]] = {
    # What is written
    "an empty file": (
        "",
        [(1, "file", "The file has no keys; it needs at least programme, version, title and stages.")],
    ),
    "a list": (
        "- one\n- two\n",
        [(1, "file", "The file has no keys; it needs at least programme, version, title and stages.")],
    ),
    "not YAML": (
        changed("roles: [programme_manager, assessor]", "roles: [programme_manager, assessor"),
        [(6, "file", "This is not YAML: expected ',' or ']', but got ':'.")],
    ),
    "a tab": (
        changed("    title: Application form", "\ttitle: Application form"),
        [(8, "file", "This is not YAML: found character '\\t' that cannot start any token.")],
    ),
    "a character that is none": (
        changed("title: A small programme", "title: A small \x00programme"),
        [(3, "file", "The file has a character that YAML does not allow.")],
    ),
    "a reference": (
        changed("title: A small programme", "title: &name A small programme\nsentence: *name"),
        [(4, "file", "Write 'name' out: a programme file has no references (*) to other parts.")],
    ),
    "a part that holds itself": (
        "stages: &all [*all]\n",
        [(1, "file", "Write 'all' out: a programme file has no references (*) to other parts.")],
    ),
    "a key that stands twice": (
        changed("    cap: 4\n    scorecard: sift", "    cap: 4\n    cap: 5\n    scorecard: sift"),
        [(32, "stages.1.cap", "This key stands twice.")],
    ),
    # Keys
    "an unknown key": (
        changed("    lasts: 10 days", "    lasts: 10 days\n    collour: red"),
        [(31, "stages.1.collour", "This key is not known; look for a slip of the pen.")],
    ),
    "a key that is a number": (
        changed("title: A small programme", "title: A small programme\n7: seven"),
        [(4, "7", "This key is not known; look for a slip of the pen.")],
    ),
    "missing keys": (
        "programme: small\nstages: []\n",
        [
            (1, "title", "This key is missing."),
            (1, "version", "This key is missing."),
            (2, "stages", "It needs at least 2."),
        ],
    ),
    "a missing key of a stage": (
        changed("    title: Open call\n", ""),
        [(22, "stages.0.title", "This key is missing.")],
    ),
    "a call whose least is more than it usually lasts, and whose most is less": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    lasts_at_least: 5 weeks\n    lasts_at_most: 3 weeks"),
        [
            (26, "stages.0.lasts_at_least", "The call lasts 28 days; at least 35 days does not fit that."),
            (27, "stages.0.lasts_at_most", "The call lasts 28 days; at most 21 days does not fit that."),
        ],
    ),
    "a least that is no length": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    lasts_at_least: three weeks"),
        [(26, "stages.0.lasts_at_least", "Write a length such as '3 weeks', '10 days' or '6 months'.")],
    ),
    "a least for a gate": (
        changed("    lasts: 10 days", "    lasts: 10 days\n    lasts_at_least: 1 week"),
        [
            (
                31,
                "stages.1.lasts_at_least",
                "Only a call has a least and a most: every challenge sets its own dates for it.",
            )
        ],
    ),
    "a seal that outlasts the gate": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    late_access_hours: 240"),
        [
            (
                26,
                "stages.0.late_access_hours",
                "The seal opens 240 hours after the last deadline, and “Sift” lasts 10 days: nobody could decide.",
            )
        ],
    ),
    "a shortest call in which nobody could ask": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    lasts_at_least: 7 days"),
        [
            (
                1,
                "questions.last_asked",
                "The call may last 7 days, and the last question is asked 7 days before it closes: nobody could ask.",
            )
        ],
    ),
    # Values
    "a name with capitals": (
        changed("programme: small", "programme: Small"),
        [(1, "programme", "'Small' must be small letters, figures and underscores, and begin with a letter.")],
    ),
    "a form's name with capitals": (
        changed("  application:\n", "  Application:\n"),
        [
            (
                7,
                "forms.Application",
                "'Application' must be small letters, figures and underscores, and begin with a letter.",
            )
        ],
    ),
    "a number for words": (
        changed('version: "1"', "version: 1"),
        [(2, "version", WORDS)],
    ),
    "words for a number": (
        changed("    cap: 4\n    scorecard", "    cap: a few\n    scorecard"),
        [(31, "stages.1.cap", "Write a whole number.")],
    ),
    "half a team": (
        changed("    cap: 4\n    scorecard", "    cap: 3.5\n    scorecard"),
        [(31, "stages.1.cap", "Write a whole number.")],
    ),
    "a cap of nothing": (
        changed("    cap: 4\n    scorecard", "    cap: 0\n    scorecard"),
        [(31, "stages.1.cap", "It must be at least 1.")],
    ),
    "a panel of one": (
        changed("people: 2,", "people: 1,"),
        [(33, "stages.1.panel.people", "It must be at least 2.")],
    ),
    "a weight of more than all": (
        changed("weight: 60", "weight: 101"),
        [(17, "scorecards.sift.criteria.0.weight", "It must be at most 100.")],
    ),
    "a scale up to nothing": (
        changed("most: 2,", "most: 0,"),
        [(15, "scorecards.sift.scale.most", "It must be more than 0.")],
    ),
    "no list": (
        changed("    ties: [solves]", "    ties: solves"),
        [(19, "scorecards.sift.ties", "Write a list here: lines that begin with a dash, or [one, two].")],
    ),
    "no keys": (
        changed("    panel: {people: 2, assessors_per_application: 2, largest_load: 20}", "    panel: two"),
        [(33, "stages.1.panel", "Write keys with their values here.")],
    ),
    "a scale that is a list": (
        changed("{least: 0, most: 2, words: [Nothing, Partly, Fully]}", "[0, 2]"),
        [(15, "scorecards.sift.scale", "Write keys with their values here.")],
    ),
    "yes for what is true or false": (
        changed("words: 80, required: true", "words: 80, required: perhaps"),
        [(10, "forms.application.questions.0.required", "Write true or false.")],
    ),
    "a day that is none": (
        changed("    lasts: 4 weeks", "    starts: 2026-02-30\n    ends: 2026-03-30"),
        [(25, "file", "A date is wrong: day is out of range for month.")],
    ),
    "a date in words": (
        changed("    lasts: 4 weeks", "    starts: in spring\n    ends: 2026-03-30"),
        [(25, "stages.0.starts", "Write a date such as 2026-09-10.")],
    ),
    "a length that is none": (
        changed("    lasts: 4 weeks", "    lasts: a fortnight"),
        [(25, "stages.0.lasts", "Write a length such as '3 weeks', '10 days' or '6 months'.")],
    ),
    "a length of nothing": (
        changed("    lasts: 4 weeks", "    lasts: 0 weeks"),
        [(25, "stages.0.lasts", "Write a length such as '3 weeks', '10 days' or '6 months'.")],
    ),
    "a time that is none": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    closes_at: '25:00'"),
        [(26, "stages.0.closes_at", "Write a time of the day such as '12:00'.")],
    ),
    "a time without quotation marks": (
        changed("    lasts: 4 weeks", "    lasts: 4 weeks\n    closes_at: 12:00"),
        [(26, "stages.0.closes_at", WORDS)],
    ),
    "a stage without an end": (
        changed("    lasts: 4 weeks\n", "    starts: 2026-02-01\n"),
        [(22, "stages.0", "Say how long it lasts, or when it starts and ends.")],
    ),
    "a stage that ends before it starts": (
        changed("    lasts: 4 weeks", "    starts: 2026-02-02\n    ends: 2026-02-01"),
        [(22, "stages.0", "It ends before it starts.")],
    ),
    "an unknown kind": (
        changed("    kind: gate", "    kind: fence"),
        [(28, "stages.1.kind", "'fence' is not one of 'call', 'gate', 'work', 'event', 'award' or 'survey'.")],
    ),
    # Names
    "an unknown form": (
        changed("    form: application", "    form: aplication"),
        [(26, "stages.0.form", "There is no form 'aplication' in this file.")],
    ),
    "an unknown scorecard": (
        changed("    scorecard: sift", "    scorecard: sieve"),
        [(32, "stages.1.scorecard", "There is no scorecard 'sieve' in this file.")],
    ),
    "an unknown zone": (
        changed("title: A small programme", "title: A small programme\ntimezone: Scotland"),
        [(4, "timezone", "There is no time zone 'Scotland'; write one such as Europe/London.")],
    ),
    # Stages
    "a stage called as a state of every challenge": (
        changed("  - id: work", "  - id: open"),
        [(34, "stages.2.id", "'open' is a state that every challenge has; call the stage something else.")],
    ),
    "two stages of one name": (
        changed("  - id: work", "  - id: sift"),
        [(34, "stages.2.id", "Two stages are called 'sift'.")],
    ),
    "a second call": (
        changed("    kind: work", "    kind: call\n    form: application"),
        [(35, "stages.2.kind", "The first stage is the call, and there is only one call.")],
    ),
    "no call": (
        changed("    kind: call", "    kind: event"),
        [(23, "stages.0.kind", "The first stage is the call, and there is only one call.")],
    ),
    "a call without a form": (
        changed("    form: application\n", ""),
        [(22, "stages.0", "A call needs a form: the questions that applicants answer.")],
    ),
    "a gate without a cap": (
        changed("    cap: 4\n    scorecard: sift", "    scorecard: sift"),
        [(27, "stages.1", "A gate needs a cap, a scorecard and a panel.")],
    ),
    "no gate": (
        changed("    kind: gate", "    kind: event"),
        [(21, "stages", "No stage is a gate: nobody would decide who goes on.")],
    ),
    "a way on to nothing": (
        changed("    lasts: 10 days", "    lasts: 10 days\n    then: party"),
        [(31, "stages.1.then", "There is no stage 'party' to go on to.")],
    ),
    "a dead stage": (
        changed("    form: application\n", "    form: application\n    then: work\n"),
        [(28, "stages.1", "No stage leads to 'sift': it is dead. Remove it, or name it in a 'then'.")],
    ),
    "a circle": (
        changed("    lasts: 2 months", "    lasts: 2 months\n    then: sift"),
        [(38, "stages.2.then", "The stages go round in a circle: 'work' goes back to 'sift'.")],
    ),
    "a cap that grows": (
        changed("    lasts: 2 months\n    cap: 4", "    lasts: 2 months\n    cap: 5"),
        [(38, "stages.2.cap", "The cap grows from 4 at 'sift' to 5: a funnel only narrows.")],
    ),
    # Scorecards and forms
    "weights that do not sum to 100": (
        changed("weight: 40", "weight: 30"),
        [(16, "scorecards.sift.criteria", "The weights sum to 90; they must sum to 100.")],
    ),
    "a scale that goes nowhere": (
        changed("least: 0, most: 2, words: [Nothing, Partly, Fully]", "least: 2, most: 2"),
        [(15, "scorecards.sift.scale", "The scale's most must be larger than its least.")],
    ),
    "a word that YAML takes for false": (
        changed("[Nothing, Partly, Fully]", "[No, Partly, Fully]"),
        [(15, "scorecards.sift.scale.words.0", WORDS)],
    ),
    "a scale with too few words": (
        changed("[Nothing, Partly, Fully]", "[Nothing, Fully]"),
        [(15, "scorecards.sift.scale.words", "The scale has 3 steps and 2 words; each step needs one.")],
    ),
    "an unknown criterion for ties": (
        changed("    ties: [solves]", "    ties: [solves, price]"),
        [(19, "scorecards.sift.ties.1", "There is no criterion 'price' to break a tie with.")],
    ),
    "two questions of one name": (
        changed("{id: team,", "{id: idea,"),
        [(11, "forms.application.questions.1.id", "'idea' stands here twice; one would hide the other.")],
    ),
    "two criteria of one name": (
        changed("{id: innovation,", "{id: solves,"),
        [(18, "scorecards.sift.criteria.1.id", "'solves' stands here twice; one would hide the other.")],
    ),
}


@pytest.mark.parametrize(("source", "expected"), list(ERRORS.values()), ids=list(ERRORS))
def test_an_error_is_told_with_its_line_its_key_and_a_sentence(source, expected):
    assert problems(source) == expected


def test_all_errors_are_told_at_once_in_the_order_of_the_lines():
    source = changed("    ties: [solves]", "    ties: [price]").replace("weight: 40", "weight: 41")
    source = source.replace("cap: 4\n    scorecard", "cap: 2\n    scorecard")

    assert problems(source) == [
        (16, "scorecards.sift.criteria", "The weights sum to 101; they must sum to 100."),
        (19, "scorecards.sift.ties.0", "There is no criterion 'price' to break a tie with."),
        (38, "stages.2.cap", "The cap grows from 2 at 'sift' to 4: a funnel only narrows."),
    ]


def test_a_problem_is_a_sentence_with_its_place():
    assert str(Problem(7, "stages.1.cap", "It must be at least 1.")) == "line 7: stages.1.cap: It must be at least 1."


SHOW = "  - {id: show, kind: event, title: Show, lasts: 1 day}\n\nvisibility:"


def test_a_challenge_goes_through_the_stages_in_the_order_of_their_then():
    source = changed("    form: application\n", "    form: application\n    then: work\n")
    source = source.replace("    lasts: 2 months", "    lasts: 2 months\n    then: sift")
    source = source.replace("    lasts: 10 days", "    lasts: 10 days\n    then: show").replace("visibility:", SHOW)
    programme = read_programme(source).programme

    assert [s.id for s in programme.flow] == ["call", "work", "sift", "show"]
    page = compile_challenge(programme)
    assert findings(page, effects=registered().effects, facts=facts()) == []
    assert [(s.source, s.target) for s in page.steps if s.name.startswith("begin_")] == [
        ("closed", "work"),
        ("work", "sift"),
        ("sift", "show"),
    ]


def test_the_page_of_a_small_programme_holds():
    page = compile_challenge(read_programme(GOOD).programme)

    assert findings(page, effects=registered().effects, facts=facts()) == []
    assert set(paths(page)) == {
        "draft",
        "in_review",
        "changes_requested",
        "approved",
        "open",
        "closed",
        "sift",
        "work",
        "completed",
        "withdrawn",
        "cancelled",
    }


def test_a_file_bears_the_name_of_its_programme(tmp_path, monkeypatch):
    """Otherwise two files would store two texts under one name and version, and a new round would pin either."""
    folder = tmp_path / "programmes"
    folder.mkdir()
    (folder / "hubtech.yaml").write_text(shipped_programmes()["civtech"].source, "utf-8")
    monkeypatch.setattr(reading, "files", lambda package: tmp_path)

    with pytest.raises(WrongFiles) as wrong:
        shipped_programmes()

    sentence = "It says `programme: civtech`. Give both one name: rounds pin a programme by it."
    assert str(wrong.value) == f"{folder / 'hubtech.yaml'}: {sentence}"
