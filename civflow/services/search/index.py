"""The words by which challenges are found: how text becomes words, and keeping them in step with the challenges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from civflow.models import Challenge, ChallengeVersion, ChallengeWords, Organisation, SupportingSponsor
from civflow.workflows.challenges.readiness import COMPLETED

MOST_WORDS = 10  # of a search
POINT = re.compile(r"(?<=\d)[.,](?=\d)")  # 11.4 is one word, 11p4; so is 650,000
WORD = re.compile(r"[^\W_]+")

EARLIER = COMPLETED  # a challenge filed as an earlier one: its facts are public elsewhere

Versions = Mapping[int, Mapping[str, str]]  # number -> section id -> words


def words_of(text: str) -> str:
    """A text as small words with single spaces, without accents and marks: both databases see the same."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(WORD.findall(POINT.sub("p", plain)))


def searched(text: str) -> list[str]:
    """The words of a search; the last may be the beginning of one."""
    return words_of(text).split()[:MOST_WORDS]


def index(session: Session, challenge_ids: Collection[int]) -> None:
    """Bring the words of some challenges up to date; whoever changes what a challenge says calls this after it."""
    session.flush()
    connection = session.connection()
    columns = (
        col(Challenge.id),
        col(Challenge.version),
        col(Challenge.reference),
        col(Challenge.title),
        col(Challenge.question),
        col(Challenge.state),
        col(Challenge.source_url),
        col(Challenge.sponsors_in_source),
        col(Organisation.legal_name),
    )
    found = select(*columns).outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))
    rows = connection.execute(found.where(col(Challenge.id).in_(challenge_ids))).all()
    texts, supporting = _texts(session, challenge_ids), supporter_names(session, challenge_ids)
    connection.execute(delete(ChallengeWords).where(col(ChallengeWords.challenge_id).in_(challenge_ids)))
    entries = [entry for row in rows for entry in _entries(row, texts.get(row.id, {}), supporting.get(row.id, []))]
    if entries:
        connection.execute(insert(ChallengeWords), entries)


def supporter_names(session: Session, challenge_ids: Collection[int]) -> dict[int, list[str]]:
    """Challenge -> the names of the bodies that support it."""
    query = select(col(SupportingSponsor.challenge_id), col(Organisation.legal_name)).join(Organisation)
    query = query.where(
        col(SupportingSponsor.challenge_id).in_(challenge_ids),
        col(Challenge.id) == col(SupportingSponsor.challenge_id),
        (col(Challenge.sponsor_id).is_(None)) | (col(Challenge.sponsor_id) != col(Organisation.id)),
    )
    names: dict[int, list[str]] = {}
    for key, name in session.execute(query.order_by(col(Organisation.legal_name))):
        names.setdefault(key, []).append(name)
    return names


def _texts(session: Session, challenge_ids: Collection[int]) -> dict[int, dict[int, Mapping[str, str]]]:
    """Challenge -> number of a version -> its sections."""
    columns = (col(ChallengeVersion.challenge_id), col(ChallengeVersion.number), col(ChallengeVersion.sections))
    query = select(*columns).where(col(ChallengeVersion.challenge_id).in_(challenge_ids))
    texts: dict[int, dict[int, Mapping[str, str]]] = {}
    for challenge_id, number, sections in session.execute(query.where(col(ChallengeVersion.number).is_not(None))):
        texts.setdefault(challenge_id, {})[number] = sections
    return texts


def _entries(row: Any, texts: Versions, supporting: list[str]) -> Iterator[dict[str, Any]]:
    """What everybody may read, and beside it the text that is not published yet."""
    published = bool(row.version or (row.source_url and row.state in EARLIER))
    public = supporting if published else []  # an announcement names the sponsor that leads
    yield _entry(row, 0, texts.get(row.version, {}), public, with_question=published)
    if not published and texts:
        yield _entry(row, 1, texts[max(texts)], supporting, with_question=True)


def _entry(
    row: Any, inside: int, sections: Mapping[str, str], supporting: list[str], *, with_question: bool
) -> dict[str, Any]:
    names = (
        row.reference,
        row.legal_name or "",
        row.sponsors_in_source,
        *supporting,
        row.question if with_question else "",
    )
    return {
        "id": 2 * row.id + inside,
        "challenge_id": row.id,
        "inside": bool(inside),
        "title": words_of(row.title),
        "lead": words_of(" ".join(names)),
        "body": words_of(" ".join(str(text) for text in sections.values())),
    }
