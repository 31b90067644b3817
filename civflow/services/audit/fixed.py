"""What people rely on: the history of the step that made it binding fixes it, and the audit compares it with that.

A page names under `fixes` what is kept of a step. The entry keeps the value itself, or the fingerprint of words that
its readers must not read there. Entries from before it was kept say nothing, and nothing is compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session, col

from civflow.models import (
    Agreement,
    Application,
    Challenge,
    ChallengeScore,
    ChallengeVersion,
    Document,
    Gate,
    Outcome,
    Question,
    Scorer,
    Submission,
)
from civflow.services.applications.submission import answers_in_hand, content_hash
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.challenges.drafts import VERSIONED, text_in_hand
from civflow.services.challenges.review_scores import Given, sheet_hash
from civflow.services.challenges.versions import in_hand
from civflow.services.documents import store as documents
from civflow.services.engine.effects import fixed
from civflow.services.engine.facts import HISTORY
from civflow.services.engine.history import fingerprint, moment_text
from civflow.services.questions.questions import words_of
from civflow.workflows.questions import PUBLIC

Fixed = list[dict[str, Any]]
RESULT = ("application_id", "rank", "total", "decision", "tie_break")
PRINTED = ("title", "question", "money_pounds", "notice_reference")  # of a text, which the challenge's own row repeats


# What is kept


@fixed
def the_words(session: Session, rows: Sequence[Any]) -> Fixed:
    """The fingerprint that the receipt prints."""
    loaded = [session.get_one(Application, row.id) for row in rows]
    return [{"content_hash": content_hash(answers_in_hand(session, application))} for application in loaded]


@fixed
def the_first_text(session: Session, rows: Sequence[Any]) -> Fixed:
    """The text as it opens, and the closing date that the public reads from then on."""
    kept = []
    for challenge in [session.get_one(Challenge, row.id) for row in rows]:
        text = text_in_hand(session, challenge)
        said = {name: getattr(challenge, name) for name in (*VERSIONED, "closes_at")}
        kept.append({"closes_at": challenge.closes_at, "version": text.number, "text_sha256": _text_hash(text, **said)})
    return kept


@fixed
def the_changed_text(session: Session, rows: Sequence[Any]) -> Fixed:
    texts = [in_hand(session, session.get_one(Challenge, row.id)) for row in rows]
    return [{"version": text.number, "text_sha256": _text_hash(text)} for text in texts]


@fixed
def the_answer(session: Session, rows: Sequence[Any]) -> Fixed:
    """The question in its public words, and its answer."""
    return [{"answer_sha256": _answer_hash(session.get_one(Question, row.id))} for row in rows]


@fixed
def the_results(session: Session, rows: Sequence[Any]) -> Fixed:
    """The ranked list of the gate with its totals."""
    return [{"outcomes_sha256": _results_hash(outcomes_of(session, session.get_one(Gate, row.id)))} for row in rows]


@fixed
def the_agreement(session: Session, rows: Sequence[Any]) -> Fixed:
    """The document that both sides read and sign."""
    ids = [session.get_one(Agreement, row.id).document_id for row in rows]
    return [documents.issued(session.get_one(Document, one)) if one else {} for one in ids]


def _text_hash(text: ChallengeVersion, **said: Any) -> str:
    """Of everything that a version says; `said` is what its columns are about to be."""
    names = (*VERSIONED, "closes_at", "sections", "why")
    return fingerprint({name: getattr(text, name) for name in names} | said)


def _answer_hash(question: Question) -> str:
    return fingerprint({"question": words_of(question), "answer": question.answer})


def _results_hash(outcomes: Sequence[Outcome]) -> str:
    return fingerprint({"outcomes": sorted([getattr(o, name) for name in RESULT] for o in outcomes)})


# What differs from it


def differences(session: Session) -> Iterator[str]:
    """A sentence for each thing that says something else than the entry which made it binding."""
    yield from _submissions(session)
    yield from _challenge_scores(session)
    yield from _texts(session)
    yield from _answers(session)
    yield from _deadlines(session)
    yield from _results(session)
    yield from _papers(session)


def _kept(session: Session, name: str, *workflows: str) -> Iterator[tuple[Row[Any], dict[str, Any]]]:
    """The entries that keep something under this name, with their inputs, oldest first."""
    columns = (HISTORY.c[one] for one in ("id", "record_id", "at", "actor_id", "step", "inputs"))
    query = select(*columns).where(HISTORY.c.workflow.in_(workflows), HISTORY.c.inputs.contains(f'"{name}":'))
    for entry in session.connection().execute(query.order_by(HISTORY.c.id)):
        inputs = json.loads(entry.inputs)
        if name in inputs:
            yield entry, inputs


def _submissions(session: Session) -> Iterator[str]:
    kept: dict[tuple[int, datetime], list[str]] = {}
    for entry, inputs in _kept(session, "content_hash", "application"):
        kept.setdefault((entry.record_id, entry.at), []).append(inputs["content_hash"])
    names = (Submission.id, Submission.application_id, Submission.submitted_at, Submission.content_hash)
    for submission, application, at, digest in _rows(session, names):
        digests = kept.get((application, at))
        if digests and digests.pop(0) != digest:
            yield f"Submission {submission} says something else than the history of application {application}."
    for (application, at), digests in kept.items():
        if digests:
            yield f"What application {application} submitted at {moment_text(at)} is gone, and its history is still there."


def _challenge_scores(session: Session) -> Iterator[str]:
    sheets: dict[int, dict[str, Given]] = {}
    names = (ChallengeScore.scorer_id, ChallengeScore.criterion, ChallengeScore.score, ChallengeScore.reason)
    for scorer, criterion, score, reason in _rows(session, names):
        sheets.setdefault(scorer, {})[criterion] = Given(score, reason)
    sent = {(e.record_id, e.actor_id, e.at): i for e, i in _kept(session, "scores_sha256", "challenge")}
    people = (Scorer.id, Scorer.challenge_id, Scorer.person_id, Scorer.scored_at)
    for scorer, challenge, person, at in _rows(session, people):
        inputs = sent.pop((challenge, person, at), None)
        if inputs and inputs["scores_sha256"] != sheet_hash(sheets.get(scorer, {})):
            yield f"The scores of scorer {scorer} say something else than the history of challenge {challenge}."
    for challenge, person, _ in sent:
        yield f"The scores of person {person} for challenge {challenge} are gone, and their history is still there."


def _texts(session: Session) -> Iterator[str]:
    kept = {(e.record_id, i["version"]): i["text_sha256"] for e, i in _kept(session, "text_sha256", "challenge")}
    newest = dict(sorted(kept))  # challenge -> the number of its last published version
    current = {row[0]: row[1:] for row in _rows(session, (Challenge.id, Challenge.version, *_columns(Challenge)))}
    query = select(ChallengeVersion).where(col(ChallengeVersion.published_at).is_not(None))
    for text in session.scalars(query.order_by(col(ChallengeVersion.id)).execution_options(yield_per=500)):
        digest = kept.pop((text.challenge_id, text.number), None)
        if text.challenge_id in newest and digest != _text_hash(text):
            yield f"Version {text.number} of challenge {text.challenge_id} says something else than its history."
        says = (text.number, *(getattr(text, name) for name in PRINTED))
        if text.number == newest.get(text.challenge_id) and current.get(text.challenge_id) == says:
            del current[text.challenge_id]
    for challenge, number in kept:
        yield f"Version {number} of challenge {challenge} is gone, and its history is still there."
    for challenge in sorted(set(newest) & set(current)):
        yield f"Challenge {challenge} says something else than its published text."


def _columns(model: type[Any]) -> list[Any]:
    return [getattr(model, name) for name in PRINTED]


def _answers(session: Session) -> Iterator[str]:
    kept = {e.record_id: i["answer_sha256"] for e, i in _kept(session, "answer_sha256", "question")}
    query = select(Question).where(col(Question.state).in_(PUBLIC)).order_by(col(Question.id))
    for question in session.scalars(query.execution_options(yield_per=500)):
        digest = _answer_hash(question)
        if kept.get(question.id or 0, digest) != digest:
            yield f"Question {question.id}: what everybody reads says something else than its history."


def _deadlines(session: Session) -> Iterator[str]:
    """A call closes when its last step said; an application when it was told, or later with the call."""
    moved: dict[int, list[tuple[int, str]]] = {}
    for entry, inputs in _kept(session, "closes_at", "challenge"):
        moved.setdefault(entry.record_id, []).append((entry.id, inputs["closes_at"]))
    for challenge, closes_at in _rows(session, (Challenge.id, Challenge.closes_at)):
        if challenge in moved and _text(closes_at) != moved[challenge][-1][1]:
            yield f"Challenge {challenge}: “closes_at” says something else than its history."
    own: dict[int, list[tuple[int, str, str]]] = {}
    for entry, inputs in _kept(session, "closes_at", "application"):
        own.setdefault(entry.record_id, []).append((entry.id, entry.step, inputs["closes_at"] or ""))
    for application, challenge, closes_at in _rows(
        session, (Application.id, Application.challenge_id, Application.closes_at)
    ):
        steps = own.get(application, [])
        if steps and steps[0][1] == "begin" and _text(closes_at) != _last(steps, moved.get(challenge, [])):
            yield f"Application {application}: “closes_at” says something else than its history."


def _last(own: Sequence[tuple[int, str, str]], moved: Sequence[tuple[int, str]]) -> str:
    """Where an application's deadline ended: its own steps set it, those of the call only make it later."""
    at = own[0][2]
    since = [(entry, None, when) for entry, when in moved if entry > own[0][0]]
    for _, step, when in sorted([*own[1:], *since], key=lambda one: one[0]):
        at = when if step else max(at, when)
    return at


def _text(at: datetime | None) -> str:
    return moment_text(at) if at else ""


def _results(session: Session) -> Iterator[str]:
    kept = {e.record_id: i["outcomes_sha256"] for e, i in _kept(session, "outcomes_sha256", "gate")}
    by_gate: dict[int, list[Outcome]] = {}
    for outcome in session.scalars(select(Outcome).where(col(Outcome.gate_id).in_(kept))):
        by_gate.setdefault(outcome.gate_id, []).append(outcome)
    for gate, digest in sorted(kept.items()):
        if _results_hash(by_gate.get(gate, [])) != digest:
            yield f"The outcomes of gate {gate} say something else than its history."


def _papers(session: Session) -> Iterator[str]:
    kept = {i["document"]: i["document_sha256"] for _, i in _kept(session, "document_sha256", "message", "agreement")}
    for document, title, data in _rows(session, (Document.id, Document.title, Document.data)):
        if document in kept and kept.pop(document) != fingerprint(data):
            yield f"Document {document} ({title}) says something else than when it was given to people."
    for document in kept:
        yield f"Document {document} is gone, and the history of those who got it is still there."


def _rows(session: Session, columns: Sequence[Any]) -> Iterator[Any]:
    """These columns of every row, in the order of the first."""
    yield from session.connection().execute(
        select(*columns).order_by(columns[0]), execution_options={"yield_per": 5000}
    )
