"""What the check of a draft points out, on sentences that people write and on the questions of real challenges."""

from __future__ import annotations

from collections import Counter

import pytest

from civflow.methods.draft_check import Section, check_draft, check_question, check_section
from civflow.methods.draft_check.reading import reading_ease, sentences, syllables
from civflow.services.challenges.archive import shipped_rows


def said(findings) -> list[tuple[str, str]]:
    return [(finding.kind, finding.words) for finding in findings]


def of(text: str, *, most: int = 300, required: bool = False) -> list[tuple[str, str]]:
    return said(check_section(Section("why", "Why now", text, most, required)))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How might we help farmers to see what lives on their land?", []),
        ("How can technology reduce pharmaceutical waste?", []),
        ("How can we provide better access to services through the portal?", []),
        ("", [("missing", "")]),
        ("Can we shorten the wait?", [("question", "Can we shorten")]),
        ("Shorten the wait", [("question", "Shorten the wait")]),
        ("How might we wait less? And who pays?", [("question", "")]),
        ("How might we give patients a booking app?", [("solution", "a booking app")]),
        ("How might we develop a register of trees?", [("solution", "develop a register of")]),
        ("How can AI shorten the wait?", [("solution", "How can AI")]),
        ("How might we shorten the wait using machine learning?", [("solution", "using machine learning")]),
        ("How might we share files without SharePoint?", [("solution", "SharePoint")]),
        ("How might we leverage what NHS and SEPA know?", [("jargon", "leverage"), ("abbreviation", "SEPA")]),
        ("How might we " + "see and " * 20 + "know?", [("length", "")]),
    ],
)
def test_a_question_is_open_and_names_no_solution(question, found):
    assert said(check_question(question)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("An app was tried in 2019, and nobody used it.", []),
        ("We need a dashboard for every ward.", [("solution", "a dashboard")]),
        ("The team will build a platform.", [("solution", "build a platform")]),
        ("It should work by using AI.", [("solution", "using AI")]),
        ("Records are in Excel, and that must stay. They are old.", [("solution", "Excel")]),
        ("Records are in Excel.", []),
        ("Stakeholders of the RSPB and the RSPB.", [("jargon", "stakeholders"), ("abbreviation", "RSPB")]),
        ("The Royal Society for the Protection of Birds (RSPB) counts. The RSPB asks.", []),
        ("word " * 31 + "end. Next.", [("length", "word word word word word word …")]),
        ("One. Two.", []),
        ("Word. " * 301, [("length", "")]),
    ],
)
def test_a_section_is_looked_at_for_what_it_asks_for_and_how(text, found):
    assert of(text) == found


def test_a_required_section_is_missed_and_a_few_words_are_not_enough():
    assert of("", required=True) == [("missing", "")]
    assert of("", required=False) == []
    assert of("Soon.", required=True) == [("length", "")]


def test_every_finding_gives_its_reason_and_the_plainer_word():
    reasons = [finding.reason for finding in check_question("How might we utilise a chatbot?")]
    assert reasons == [
        "That is an answer already. Say what goes wrong now and for whom: teams then bring answers you did not think of.",
        "Plainer: “use”.",
    ]


def test_an_abbreviation_is_explained_once_in_the_whole_draft():
    sections = [
        Section("a", "A", "The Scottish Courts and Tribunals Service (SCTS) asks.", 300, False),
        Section("b", "B", "SCTS and COPFS know.", 300, False),
    ]
    found = check_draft("How might the SCTS wait less?", sections)
    assert {part: said(findings) for part, findings in found.items()} == {
        "question": [],
        "a": [],
        "b": [("abbreviation", "COPFS")],
    }


def test_a_text_that_is_hard_to_read_says_so():
    hard = "Interdepartmental organisational considerations necessitate comprehensive reconfiguration. " * 20
    assert of(hard)[-1] == ("length", "")
    assert reading_ease("The cat sat on the mat.") == pytest.approx(116.145)
    assert reading_ease("  ") is None
    assert [syllables(word) for word in ("the", "make", "table", "loved", "wanted", "whole", "banana")] == [
        1,
        1,
        2,
        1,
        2,
        1,
        3,
    ]


def test_sentences_end_where_people_end_them():
    text = "Two bodies, e.g. SEPA, ask. Who pays?\n\n- A point\n- Another one"
    assert sentences(text) == ["Two bodies, e.g. SEPA, ask.", "Who pays?", "A point", "Another one"]


def test_it_is_useful_and_not_noisy_on_the_questions_of_real_challenges():
    """Of 56, two have no question; more than half of those that ask “how” pass without a word."""
    questions = [row.question for row in shipped_rows()]
    found = Counter(kind for q in questions for kind in {finding.kind for finding in check_question(q)} or {"none"})
    assert (len(questions), found) == (
        56,
        {
            "none": 27,
            "question": 23,
            "solution": 6,
            "jargon": 7,
            "missing": 2,
        },
    )
    asking = [q for q in questions if q.lower().startswith("how")]
    assert (len(asking), sum(not check_question(q) for q in asking)) == (31, 27)
