"""Naming who writes a challenge: its owners, and the writers whom they name by e-mail for one of its sponsors."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, Organisation, Person
from civflow.services import people
from civflow.services.challenges.seal import seals
from civflow.services.challenges.sponsors import bodies, check_may_name
from civflow.services.challenges.who_writes import Writer, writers
from civflow.services.formatting import moment, on_one_line
from civflow.services.notifications.outbox import post
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.notifications import SIGN_IN

LINK_LASTS = timedelta(days=14)  # of an invitation to somebody who has no account yet
MOST_A_DAY = 20  # each sends a message in the name of whoever names them
TOO_MANY = (
    f"You have named {MOST_A_DAY} writers within a day, which is the most. Name the next one tomorrow, or ask the "
    "programme office to name them."
)


def name_owner(session: Session, challenge: Challenge, *, email: str, actor: Actor, now: datetime) -> Person:
    """Give somebody who has an account the role of an owner of this challenge. Raises Forbidden, Refused."""
    found = people.person_by_email(session, email)
    if found is None:
        raise Refused(
            f"Nobody has an account with the address {email}. Ask them to make one first."
            if email
            else "Write the e-mail address of a colleague."
        )
    people.grant(session, found, "challenge_owner", actor=actor, now=now, scope="challenge", scope_id=challenge.id)
    return found


def name_writer(
    session: Session,
    challenge: Challenge,
    *,
    email: str,
    name: str = "",
    organisation_id: int | None,
    actor: Actor,
    now: datetime,
) -> Writer:
    """Let a colleague write the draft for one of its sponsors, and tell them.

    Whoever has no account yet gets one under `name`, and a link that opens it: it reaches nobody but that address.
    Raises Forbidden for all but those who may name writers, Refused with a sentence per field.
    """
    check_may_name(challenge, actor)
    session.refresh(challenge, with_for_update=True)  # two owners may name the same colleague at once
    email, name = email.strip().lower(), on_one_line(name)
    if sealed := why_not_while_sealed(session, challenge, actor=actor, now=now):
        raise Refused(sealed, fields={"email": sealed})
    body = next((b for b in bodies(session, challenge) if b.id == organisation_id), None)
    person = people.person_by_email(session, email) if email else None
    fields = _faults(session, challenge, email, name, body, person)
    if "email" not in fields and _named_lately(session, actor, now=now) >= MOST_A_DAY:
        fields["email"] = TOO_MANY
    if fields:
        raise Refused(*fields.values(), fields=fields)
    is_new = person is None
    person = person or people.add_person(session, name=name, email=email, now=now)
    made = people.grant(
        session,
        person,
        "challenge_writer",
        actor=actor,
        now=now,
        scope="challenge",
        scope_id=challenge.id,
        organisation_id=organisation_id,
    )
    _tell(session, challenge, person, body.legal_name if body else "", is_new=is_new, actor=actor, now=now)
    return Writer(person, "challenge_writer", body.legal_name if body else "", made, "")


def why_not_while_sealed(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> str:
    """A sentence for an owner who names somebody while the call is sealed: any other answer would tell who applies."""
    until = seals(session, [challenge], now=now).get(challenge.id or 0)
    if until is None or actor.automatic or actor.holds("programme_manager", {"round": challenge.round_id}):
        return ""
    zone = programme_of(session, challenge).timezone
    return (
        f"Who applies stays sealed until {moment(until, zone)}, and an answer here could tell. Until then the programme "
        "office names people."
    )


def _faults(
    session: Session, challenge: Challenge, email: str, name: str, body: Organisation | None, person: Person | None
) -> dict[str, str]:
    fields = {}
    if not people.ADDRESS.fullmatch(email) or len(email) > 254:
        fields["email"] = "Write the e-mail address of a colleague, such as name@example.org."
    elif person and person.closed_at:
        fields["email"] = f"The account with the address {email} is closed. The programme office can open it again."
    elif person and any(w.person.id == person.id and not w.grant.revoked_at for w in writers(session, challenge)):
        fields["email"] = f"{person.name} writes this challenge already."
    elif person is None and name and (why := people.why_no_name(name)):
        fields["name"] = why
    elif person is None and not name:
        fields["name"] = f"Nobody has an account with the address {email}. Write their name, so that they get one."
    if body is None:
        fields["body"] = "Choose the body for which they write. A supporting sponsor is named first, above."
    return fields


def _named_lately(session: Session, actor: Actor, *, now: datetime) -> int:
    """How many writers the actor has named within a day, of all challenges. CivFlow itself has named nobody."""
    query = select(func.count()).where(
        col(Grant.role) == "challenge_writer",
        col(Grant.granted_by_id) == actor.id,
        col(Grant.granted_at) > now - timedelta(days=1),
    )
    return session.scalar(query) or 0


def _tell(
    session: Session, challenge: Challenge, person: Person, body: str, *, is_new: bool, actor: Actor, now: datetime
) -> None:
    about, key = f"/challenges/{challenge.slug}/edit", f"to-write-{challenge.id}-{person.id}-{now:%Y%m%d%H%M%S}"
    if is_new:
        token = people.make_link(session, person, now=now, lasts=LINK_LASTS)
        about = f"/sign-in/{token}?" + urlencode({"then": about}, safe="/")
        key = f"{SIGN_IN}{people.token_hash(token)[:40]}"
    post(
        session,
        person=person,
        kind="to_write",
        key=key,
        about=about,
        now=now,
        inviter=actor.name,
        is_new=is_new,
        title=challenge.title,
        body=body,
        days=LINK_LASTS.days,
    )


def take_back(session: Session, challenge: Challenge, person: Person, *, actor: Actor, now: datetime) -> None:
    """Take the right to write back; what they wrote stays, and so does who took it back. Raises Forbidden, NotFound."""
    check_may_name(challenge, actor)
    people.revoke(session, person, "challenge_writer", actor=actor, now=now, scope="challenge", scope_id=challenge.id)
