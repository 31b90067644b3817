"""Who is in the demonstration: invented people, bodies, companies and teams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from civflow.demonstration.play import Scene
from civflow.demonstration.words import SKILLS, person_name
from civflow.methods.team_forming import form_teams
from civflow.methods.team_forming.plan import Person as Seeker
from civflow.methods.team_forming.plan import Team as Wanted
from civflow.models import Challenge, Grant, Organisation, Person, Round, Team
from civflow.services.engine.advance import advance
from civflow.services.people.invented import (
    ADMINISTRATOR,
    APPROVER,
    ASSESSOR,
    AUDITOR,
    FINANCE,
    INNOVATOR,
    MANAGER,
    OWNER,
    ROLES,
)
from civflow.services.programmes.store import store
from civflow.services.rounds.beginning import begin_round
from civflow.services.teams.teams import create_team, invite
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.programme import shipped_programmes
from civflow.workflows.sizes import SIZES

SITE = (
    (MANAGER, "programme_manager", None),
    (APPROVER, "approver", 1_500_000),
    (FINANCE, "finance_officer", None),
    (AUDITOR, "auditor", None),
    (ADMINISTRATOR, "administrator", None),
)
ASSESSORS = 12  # on each side, sponsor and programme
INNOVATORS = 260
BUDGET = 12_000_000


def assemble(scene: Scene) -> None:
    """People with roles for the whole site, the pool of assessors and innovators, the programme and two rounds."""
    session, now = scene.session, scene.now
    everybody = [Person(email=email, name=name, created_at=now) for email, name, _ in ROLES]
    taken: set[str] = {p.email for p in everybody}
    for side in ("sponsor", "programme"):
        for n in range(ASSESSORS - (side == "programme")):
            everybody.append(_person(scene, taken, f"assessor-{side}-{n}"))
    for n in range(INNOVATORS):
        everybody.append(_person(scene, taken, f"innovator-{n}"))
    next(p for p in everybody if p.email == ASSESSOR).skills = ["data", "research", "design"]
    next(p for p in everybody if p.email == INNOVATOR).skills = ["data", "maps", "design"]
    session.add_all(everybody)
    session.flush()
    ids = {p.email: p.id for p in everybody}
    session.add_all(
        Grant(person_id=ids[email] or 0, role=role, scope="site", limit_pounds=limit, granted_at=now)
        for email, role, limit in SITE
    )
    programme = store(session, shipped_programmes()["civtech"], now=now)
    for slug, title in (("demonstration", "CivTech demonstration round"), ("running", "CivTech round running now")):
        round_ = begin_round(
            session,
            programme,
            title=title,
            starts_at=now,
            ends_at=now + timedelta(days=400),
            budget_pounds=BUDGET,
            actor=CIVFLOW,
            now=now,
        )
        round_.slug = slug  # as the script calls it
    session.flush()


def _person(scene: Scene, taken: set[str], stem: str) -> Person:
    name = person_name(scene.random)
    skills = scene.random.sample(SKILLS, scene.random.randint(2, 4))
    taken.add(f"{stem}@example.org")
    return Person(email=f"{stem}@demonstration.example.org", name=name, skills=skills, created_at=scene.now)


def open_the_round(scene: Scene, challenge: Challenge) -> None:
    """A round opens when its first challenge is approved."""
    round_ = scene.session.get_one(Round, challenge.round_id)
    if round_.state == HANDBOOK["round"].initial:
        advance(scene.session, round_, "open", actor=scene.actor(scene.person(MANAGER)), now=scene.now)


def assessor_emails(side: str) -> list[str]:
    """The pool of one side, the demonstration's own assessor first among the programme's."""
    emails = [f"assessor-{side}-{n}@demonstration.example.org" for n in range(ASSESSORS - (side == "programme"))]
    return [ASSESSOR, *emails] if side == "programme" else emails


def panel(random: Random, size: int, *, always: Sequence[str] = ()) -> list[tuple[str, str]]:
    """E-mail and side of a panel's members, half from each side; the first sits in the chair."""
    chosen: list[tuple[str, str]] = [(email, "programme") for email in always]
    for side in ("programme", "sponsor"):
        pool = [e for e in assessor_emails(side) if e not in always and e != ASSESSOR]
        missing = size // 2 - sum(1 for _, s in chosen if s == side)
        chosen += [(email, side) for email in random.sample(pool, missing)]
    return sorted(chosen, key=lambda pair: (pair[0] in always, pair[1], pair[0]))


def owner_email(reference: str) -> str:
    return f"owner-{reference}@demonstration.example.org"


def challenge_owner(scene: Scene, challenge: Challenge, *, principal: bool) -> Person:
    """The owner of one challenge: the demonstration's own, or an invented colleague of the sponsor."""
    session = scene.session
    email = OWNER if principal else owner_email(challenge.slug)
    known = scene.all(Person, Person.email == email)
    person = known[0] if known else Person(email=email, name=person_name(scene.random), created_at=scene.now)
    person.organisation_id = person.organisation_id or challenge.sponsor_id
    session.add(person)
    session.flush()
    session.add(
        Grant(
            person_id=person.id or 0,
            role="challenge_owner",
            scope="challenge",
            scope_id=challenge.id,
            granted_at=scene.now,
        )
    )
    session.flush()
    return person


def form(scene: Scene, names: Sequence[str], people: Sequence[int], challenge: str) -> None:
    """Form teams of two to four from innovators who look for one, by the matching program, and let them say yes."""
    seekers = [scene.person(f"innovator-{n}@demonstration.example.org") for n in people]
    asks = frozenset(scene.random.sample(SKILLS, 3))
    wanted = [Wanted(name, challenge, asks, smallest=2, largest=4) for name in names]
    formed = form_teams([Seeker(p.email, frozenset(p.skills), (challenge,)) for p in seekers], wanted, seed=1)
    placed = {i for members in formed.members for i in members}
    alone = [p for i, p in enumerate(seekers) if i not in placed]  # each of them may stand for a team that found nobody
    alone += [seekers[members[-1]] for members in formed.members if members]
    for name, members in zip(names, formed.members, strict=True):
        start_team(scene, name, [seekers[i] for i in members] or [alone.pop(0)])


def start_team(scene: Scene, name: str, people: Sequence[Person]) -> Team:
    """The first founds the team, usually with a company; the others are invited and say yes."""
    session, lead = scene.session, people[0]
    company = None
    if scene.random.random() < 0.85:
        company = Organisation(
            legal_name=f"{name} Limited",
            trading_name=name,
            kind="company",
            size=scene.random.choices(tuple(SIZES), (50, 30, 12, 8))[0],
            number=f"SC{scene.random.randint(900000, 999999)}",
            address=f"{scene.random.randint(1, 90)} Invented Street, Edinburgh",
        )
        session.add(company)
        session.flush()
    skills = sorted({s for p in people for s in p.skills})
    team = create_team(
        session,
        name=name,
        lead=lead,
        actor=scene.actor(lead),
        now=scene.now,
        organisation=company,
        about=f"An invented team. It brings {', '.join(skills)}.",
        looking_for=[],
    )
    for person in people[1:]:
        membership = invite(session, team, person, actor=scene.actor(lead), now=scene.now)
        advance(session, membership, "accept", actor=scene.actor(person), now=scene.now)
    advance(session, team, "form", actor=scene.actor(lead), now=scene.now)
    return team
