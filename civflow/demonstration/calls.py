"""Acts before the deadline: drafting, approval, questions and applications."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from civflow.demonstration import cast
from civflow.demonstration.play import Scene
from civflow.demonstration.words import BRIEF, QUESTIONS, paragraph
from civflow.models import Application, Challenge, Question, Round, Team
from civflow.services.applications.answers import acknowledge, form_in_hand, save_answers
from civflow.services.applications.begin import begin_application
from civflow.services.applications.submission import submit
from civflow.services.challenges.archive import Row, import_row
from civflow.services.challenges.calendar import in_working_days
from civflow.services.challenges.drafts import write_challenge
from civflow.services.challenges.versions import begin_change, publish_change, write_change
from civflow.services.engine.advance import advance
from civflow.services.people import invented
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import ask

Do = Callable[[Scene], None]
THEMES_OF = {
    "Situational awareness for responders": ["justice", "digital"],
    "Firefighter exposure to contaminants": ["justice", "health"],
    "Pharmaceutical waste": ["health", "water"],
    "Circular NHS supply chain": ["health", "climate"],
    "Biodiversity credits": ["nature", "economy"],
    "Personal carbon footprint": ["climate"],
    "Tenement communal areas": ["communities"],
    "Ethical transport data": ["transport", "digital"],
    "Visitors to historic sites": ["culture"],
    "Public buildings investment": ["climate", "communities"],
    "Outpatient appointments": ["health"],
    "Tenant empowerment": ["communities"],
    "Engagement with nature": ["nature", "health"],
    "Forest measurement": ["nature"],
    "Re-use of NHS products": ["health", "climate"],
    "Learning for land-based workers": ["food", "children"],
    "Teacher workload": ["children"],
    "Commercial value of circular economy practices": ["economy", "climate"],
}  # keys of workflows/themes.py; the source of these challenges names none


def find(scene: Scene, row: Row) -> Challenge:
    """The challenge that was made from a row."""
    return scene.one(Challenge, title=row.title, source_url=row.source)  # type: ignore[no-any-return]


def owner_of(scene: Scene, challenge: Challenge, principal: bool) -> int:
    email = invented.OWNER if principal else cast.owner_email(challenge.slug)
    return scene.person(email).id or 0


def draft_it(row: Row, slug: str, opens: datetime, closes: datetime, *, principal: bool) -> Do:
    """The sponsor drafts the challenge and gives it its dates and money."""

    def do(scene: Scene) -> None:
        round_ = scene.one(Round, slug=slug)
        manager = scene.actor(scene.person(invented.MANAGER))
        challenge = import_row(scene.session, row, round_, actor=manager, now=scene.now)
        owner = scene.actor(cast.challenge_owner(scene, challenge, principal=principal))
        sections = {name: words.format(question=row.question) for name, words in BRIEF.items()}
        write_challenge(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            sections=sections,
            opens_at=opens,
            closes_at=closes,
            themes=THEMES_OF[row.title],
            money_pounds=650_000,
            decision_promised_at=in_working_days(programme_of(scene.session, challenge), closes, 10),
            budget_holder="Director of Digital, named in the approval",
            route_to_adoption="The sponsor's own service team takes the product over; the running cost is in its budget.",
            sponsor_time="A service lead, one day a week; two users, two hours in every sprint.",
            data_access="Two years of readings without personal data, under an agreement that is ready to sign.",
            exit_if_too_expensive="Above £120,000 a year the director decides with the users. If it is not taken over, "
            "what was learnt is published and the product may be sold elsewhere.",
        )

    return do


def review_it(row: Row, *, principal: bool) -> Do:
    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        advance(scene.session, challenge, "submit_for_review", actor=owner, now=scene.now)

    return do


def approve_it(row: Row) -> Do:
    def do(scene: Scene) -> None:
        approver = scene.actor(scene.person(invented.APPROVER))
        challenge = find(scene, row)
        advance(
            scene.session,
            challenge,
            "approve",
            actor=approver,
            now=scene.now,
            announce_at=scene.now + timedelta(hours=1),
        )
        cast.open_the_round(scene, challenge)

    return do


def ask_it(row: Row, number: int) -> Do:
    def do(scene: Scene) -> None:
        person = scene.person(f"innovator-{scene.random.randrange(cast.INNOVATORS)}@demonstration.example.org")
        ask(scene.session, find(scene, row), text=QUESTIONS[number][0], actor=scene.actor(person), now=scene.now)

    return do


def answer_it(row: Row, number: int, *, principal: bool) -> Do:
    """The owner writes the answer, the programme manager clears it."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        text, answer = QUESTIONS[number]
        question = scene.all(Question, Question.challenge_id == challenge.id, Question.text == text)[0]
        owner = scene.actor(owner_of(scene, challenge, principal))
        advance(scene.session, question, "draft", actor=owner, now=scene.now, answer=answer)
        manager = scene.actor(scene.person(invented.MANAGER))
        advance(scene.session, question, "publish", actor=manager, now=scene.now)

    return do


def gather(names: list[str], people: list[int], row: Row) -> Do:
    """Teams form for a challenge: by the matching program, and alone."""

    def do(scene: Scene) -> None:
        alone = max(1, len(names) // 4)
        cast.form(scene, names[alone:], people[alone:], row.title)
        for name, number in zip(names[:alone], people[:alone], strict=True):
            cast.start_team(scene, name, [scene.person(f"innovator-{number}@demonstration.example.org")])

    return do


def gather_own(name: str, people: list[int]) -> Do:
    """The team of the demonstration's own innovator."""

    def do(scene: Scene) -> None:
        others = [scene.person(f"innovator-{n}@demonstration.example.org") for n in people]
        cast.start_team(scene, name, [scene.person(invented.INNOVATOR), *others])

    return do


def write_it(row: Row, name: str, *, part: bool = False) -> Do:
    """A team begins its application and writes: all of it, or only a part."""

    def do(scene: Scene) -> None:
        team, challenge = scene.one(Team, name=name), find(scene, row)
        lead = scene.lead(team.id)
        application = begin_application(
            scene.session, challenge, team, actor=lead, now=scene.now, title=f"{name} for {row.title.lower()}"
        )
        answers = _answers(scene, application, team)
        if part:
            answers = dict(list(answers.items())[:3])
        save_answers(scene.session, application, answers, actor=lead, now=scene.now)

    return do


def submit_it(row: Row, name: str) -> Do:
    def do(scene: Scene) -> None:
        application = application_of(scene, row, name)
        lead = scene.lead(application.team_id)
        if application.challenge_version != find(scene, row).version:
            acknowledge(scene.session, application, actor=lead, now=scene.now)
        submit(scene.session, application, actor=lead, now=scene.now)

    return do


def publish_a_change(row: Row, *, principal: bool) -> Do:
    """The owner changes the open challenge, and the programme manager publishes the new version."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner, manager = scene.actor(owner_of(scene, challenge, principal)), scene.actor(scene.person(invented.MANAGER))
        begin_change(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            why="Three teams asked how much time the users have: we have found more of it.",
        )
        write_change(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            sections={"on_offer": BRIEF["on_offer"] + " From the second month on, two more users test every sprint."},
        )
        advance(scene.session, challenge, "hand_in_change", actor=owner, now=scene.now)
        publish_change(scene.session, challenge, actor=manager, now=scene.now)

    return do


def move_the_closing_date(row: Row, closes: datetime) -> Do:
    """The deadline moves for everybody, since the text has changed."""

    def do(scene: Scene) -> None:
        advance(
            scene.session,
            find(scene, row),
            "extend",
            actor=scene.actor(scene.person(invented.MANAGER)),
            now=scene.now,
            closes_at=closes,
            reason="The text has changed, so everybody gets a week more.",
        )

    return do


def give_one_more_time(row: Row, name: str, closes: datetime) -> Do:
    """One team alone gets more time, for a reason that is published."""

    def do(scene: Scene) -> None:
        advance(
            scene.session,
            application_of(scene, row, name),
            "extend",
            now=scene.now,
            closes_at=closes,
            actor=scene.actor(scene.person(invented.MANAGER)),
            reason="Illness in the team.",
        )

    return do


def withdraw_it(row: Row, name: str) -> Do:
    def do(scene: Scene) -> None:
        application = application_of(scene, row, name)
        advance(
            scene.session,
            application,
            "withdraw",
            actor=scene.lead(application.team_id),
            now=scene.now,
            reason="Two of us have taken other work, and we could not keep the dates.",
        )

    return do


def application_of(scene: Scene, row: Row, name: str) -> Application:
    team, challenge = scene.one(Team, name=name), find(scene, row)
    return scene.one(Application, challenge_id=challenge.id, team_id=team.id)  # type: ignore[no-any-return]


def improve_it(scene: Scene, application: Application) -> None:
    """A team writes and submits its improved proposal."""
    lead, team = scene.lead(application.team_id), scene.session.get_one(Team, application.team_id)
    save_answers(scene.session, application, _answers(scene, application, team), actor=lead, now=scene.now)
    submit(scene.session, application, actor=lead, now=scene.now)


def _answers(scene: Scene, application: Application, team: Team) -> dict[str, str]:
    """Invented words for every question of the form in hand."""
    programme = programme_of(scene.session, scene.session.get_one(Challenge, application.challenge_id))
    _, form = form_in_hand(programme, application)
    skills = team.about.removeprefix("An invented team. It brings ").rstrip(".").split(", ")
    answers = {q.id: paragraph(scene.random, scene.random.sample(skills, len(skills))) for q in form.questions}
    return {name: " ".join(words.split()[:60]) for name, words in answers.items()}
