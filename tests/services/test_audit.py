"""The audit compares what was decided on with the record: whatever is changed past the gate is named."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from civflow.db import make_engine, new_session
from civflow.services.audit import fixed, verify

CHANGES = [
    (
        "a score",
        "UPDATE score SET value = 4 - value WHERE id = 1 AND value <> 2",
        r"Score 1 says something else than the history of assignment \d+.",
    ),
    (
        "a reason",
        "UPDATE score SET reason = reason || '!' WHERE id = 7",
        r"Score 7 says something else than the history of assignment \d+.",
    ),
    (
        "a score taken away",
        "DELETE FROM score WHERE id = 9",
        r"The score for “\w+” of assignment \d+ is gone, and its history is still there.",
    ),
    (
        "a score moderated past the panel",
        "UPDATE score SET moderated_value = 4, moderated_reason = 'x' WHERE id = 3",
        r"Score 3 was moderated otherwise than the history of its gate says.",
    ),
    (
        "an outcome",
        "UPDATE outcome SET decision = 'goes_on' WHERE id = (SELECT min(id) FROM outcome WHERE decision = 'not_selected')",
        r"Outcome \d+ says something else than the history of application \d+.",
    ),
    (
        "an answer",
        "UPDATE submission SET answers = replace(answers, 'We', 'Wx') WHERE id = 1",
        r"Submission 1 \(application \d+\) does not fit the fingerprint on its receipt.",
    ),
    (
        "who approved",
        "UPDATE gate SET approved_by_id = 1 WHERE id = 1",
        r"Gate 1: “approved_by_id” says something else than its history.",
    ),
    (
        "when it was signed",
        "UPDATE agreement SET team_signed_at = '2026-01-01 10:00:00.000000' WHERE id = 1",
        r"Agreement 1: “team_signed_at” says something else than its history.",
    ),
    (
        "a price",
        "UPDATE agreement SET price_pounds = 1 WHERE id = 1",
        r"Agreement 1 says another price than its document.",
    ),
    (
        "one letter of a time",
        "UPDATE history SET at = replace(at, ' ', 'T') WHERE id = 500",
        r"History entry 500 has been changed: its time is not written as civflow writes it.",
    ),
    (
        "what was submitted, with its fingerprint",
        (
            "UPDATE submission SET (answers, content_hash) = (SELECT answers, content_hash FROM submission WHERE id = 2)"
            " WHERE id = 1"
        ),
        r"Submission 1 says something else than the history of application \d+.",
    ),
]
RELIED_ON = [
    (
        "a locked score of a challenge",
        "UPDATE challenge_score SET score = 1 - min(score, 1) WHERE id = 1",
        r"The scores of scorer \d+ say something else than the history of challenge \d+.",
    ),
    (
        "a published text",
        (
            "UPDATE challenge_version SET sections = replace(sections, ' the ', ' no ')"
            " WHERE id = (SELECT min(id) FROM challenge_version WHERE published_at IS NOT NULL)"
        ),
        r"Version 1 of challenge \d+ says something else than its history.",
    ),
    (
        "the money of a challenge beside its published text",
        "UPDATE challenge SET money_pounds = 1 WHERE id = (SELECT min(id) FROM challenge WHERE version > 0)",
        r"Challenge \d+ says something else than its published text.",
    ),
    (
        "which version of its text a challenge has published",
        "UPDATE challenge SET version = 1 WHERE id = (SELECT max(id) FROM challenge WHERE version = 2)",
        r"Challenge \d+ says something else than its published text.",
    ),
    (
        "a published answer",
        "UPDATE question SET answer = answer || '!' WHERE id = (SELECT min(id) FROM question WHERE state = 'published')",
        r"Question \d+: what everybody reads says something else than its history.",
    ),
    (
        "the closing date of one application",
        "UPDATE application SET closes_at = '2030-01-01 12:00:00.000000' WHERE id = 1",
        r"Application 1: “closes_at” says something else than its history.",
    ),
    (
        "the closing date of a challenge",
        (
            "UPDATE challenge SET closes_at = '2030-01-01 12:00:00.000000'"
            " WHERE id = (SELECT max(id) FROM challenge WHERE version > 0)"
        ),
        r"Challenge \d+: “closes_at” says something else than its history.",
    ),
    (
        "a letter",
        (
            'UPDATE document SET data = replace(data, \'"own_total": "\', \'"own_total": "1\')'
            " WHERE id = (SELECT min(id) FROM document WHERE kind = 'outcome_letter')"
        ),
        r"Document \d+ \(Letter about .+\) says something else than when it was given to people.",
    ),
    (
        "a total",
        "UPDATE outcome SET total = total + 1 WHERE gate_id = 1 AND rank = 1",
        r"The outcomes of gate 1 say something else than its history.",
    ),
    (
        "a rank",
        "UPDATE outcome SET rank = rank + 1 WHERE gate_id = 1 AND rank = 1",
        r"The outcomes of gate 1 say something else than its history.",
    ),
]


@pytest.fixture(scope="module")
def played_engine(own_round):
    engine = make_engine(own_round)
    yield engine
    engine.dispose()


def test_the_record_of_a_whole_round_is_whole(played_engine):
    with new_session(played_engine) as session:
        assert verify.verify(session).broken is None


@pytest.mark.parametrize(("change", "sentence"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_what_is_changed_past_the_gate_is_named(played_engine, change, sentence):
    with new_session(played_engine) as session:
        assert session.connection().execute(text(change)).rowcount == 1
        broken = verify.verify(session).broken
        session.rollback()
    assert re.fullmatch(sentence, broken or "the record is whole"), broken


@pytest.mark.parametrize(("change", "sentence"), [c[1:] for c in RELIED_ON], ids=[c[0] for c in RELIED_ON])
def test_what_people_rely_on_is_fixed_by_the_step_that_made_it_binding(played_engine, change, sentence):
    with new_session(played_engine) as session:
        assert session.connection().execute(text(change)).rowcount == 1
        found = list(fixed.differences(session))
        session.rollback()
    assert [re.fullmatch(sentence, one) is not None for one in found] == [True], found
