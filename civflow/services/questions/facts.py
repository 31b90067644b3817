"""What the rules about a question need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.engine.facts import CHALLENGE, QUESTION, ROUND, Facts, ids, others_of, value
from civflow.workflows.questions import PUBLIC, WAITING

OTHER_QUESTION = others_of(QUESTION)

FACTS: Facts = {
    "question": {
        "rehearsal": value(ROUND.c.rehearsal, ROUND.c.id == QUESTION.c.round_id),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == QUESTION.c.challenge_id),
        "questions_until": value(CHALLENGE.c.questions_until, CHALLENGE.c.id == QUESTION.c.challenge_id),
        "mergeable_ids": ids(
            OTHER_QUESTION.c.id,
            OTHER_QUESTION.c.challenge_id == QUESTION.c.challenge_id,
            OTHER_QUESTION.c.id != QUESTION.c.id,
            OTHER_QUESTION.c.state.in_((*WAITING, *PUBLIC)),
        ),
    },
}
