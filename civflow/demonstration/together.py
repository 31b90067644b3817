"""Acts of people who write a challenge together, and the round in which its owner may begin another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from civflow.demonstration import cast
from civflow.demonstration.calls import find
from civflow.demonstration.play import Scene
from civflow.services.challenges.archive import Row, organisation
from civflow.services.challenges.drafts import write_challenge
from civflow.services.challenges.sponsors import add_supporter
from civflow.services.challenges.writers import name_writer
from civflow.services.collaboration.comments import say
from civflow.services.people import grant, invented, person_by_email
from civflow.services.programmes.store import store
from civflow.services.rounds.beginning import begin_round
from civflow.workflows.programme import shipped_programmes

Do = Callable[[Scene], None]
WRITER = "writer@demonstration.example.org"
SUPPORTS = "Invented Forest Trust"
WORDS = (
    "Staff and citizens meet this problem every week. We need a dashboard that shows where it is worst, so that "
    "stakeholders can act. Until now everybody keeps lists of their own, and nobody sees them all. When somebody leaves, "
    "their list is lost, and the next person begins again."
)


def open_another_round(scene: Scene) -> None:
    """A round whose calls are still to come; the demonstration's owner can begin a challenge in it, from nothing."""
    programme = store(scene.session, shipped_programmes()["civtech"], now=scene.now)
    manager = scene.person(invented.MANAGER)
    round_ = begin_round(
        scene.session,
        programme,
        title="CivTech round that takes challenges",
        starts_at=scene.now,
        ends_at=scene.now + timedelta(days=400),
        budget_pounds=cast.BUDGET,
        actor=scene.actor(manager),
        now=scene.now,
    )
    round_.slug = "next"  # as the script calls it
    grant(
        scene.session,
        scene.person(invented.OWNER),
        "challenge_owner",
        actor=scene.actor(manager),
        now=scene.now,
        scope="round",
        scope_id=round_.id,
    )


def name_a_writer(row: Row) -> Do:
    """Another body supports the challenge, and a colleague from there writes too."""

    def do(scene: Scene) -> None:
        challenge, owner = find(scene, row), scene.actor(scene.person(invented.OWNER))
        organisation(scene.session, SUPPORTS)
        body = add_supporter(scene.session, challenge, SUPPORTS, actor=owner, now=scene.now)
        name_writer(
            scene.session,
            challenge,
            email=WRITER,
            name="Ailsa Grant",
            organisation_id=body.id,
            actor=owner,
            now=scene.now,
        )

    return do


def write_and_comment(row: Row) -> Do:
    """The colleague writes the problem, in words of which the check points some out, and asks the owner about it."""

    def do(scene: Scene) -> None:
        challenge, writer = find(scene, row), person_by_email(scene.session, WRITER)
        assert writer  # noqa: S101 - named in the act before
        write_challenge(scene.session, challenge, sections={"problem": WORDS}, actor=scene.actor(writer), now=scene.now)
        say(
            scene.session,
            challenge,
            "text-problem",
            "Is this only about our own lists, or those of the councils too?",
            title="The problem",
            actor=scene.actor(writer),
            now=scene.now,
        )

    return do


def ask_the_approver(row: Row) -> Do:
    def do(scene: Scene) -> None:
        challenge, owner = find(scene, row), scene.actor(scene.person(invented.OWNER))
        say(
            scene.session,
            challenge,
            "text-background",
            "Una, do you want the figures of 2024 here, or are those of 2023 enough?",
            title="Background",
            actor=owner,
            now=scene.now,
        )

    return do
