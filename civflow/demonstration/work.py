"""Acts of delivery: places accepted, agreements signed, sprints and deliverables done, contracts signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlmodel import col

from civflow.demonstration.calls import find, owner_of
from civflow.demonstration.play import Scene, can_take
from civflow.models import Agreement, Application, Challenge, Deliverable, Place, Sprint
from civflow.services.challenges.archive import Row
from civflow.services.documents import store as documents
from civflow.services.engine.advance import advance
from civflow.services.people import invented
from civflow.workflows.applications import ON_RESERVE
from civflow.workflows.delivery.deliverables import TO_SUBMIT
from civflow.workflows.delivery.sprints import IN_REVIEW
from civflow.workflows.engine import Actor

Do = Callable[[Scene], None]


def accept_it(row: Row, stage: str, *, declines: bool = False) -> Do:
    """The team leads accept their places; in one challenge a team declines, and the reserve is promoted."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        for position, place in enumerate(_places(scene, challenge, stage, "accept")):
            lead = scene.lead(place.team_id)
            if declines and position == 0:
                advance(
                    scene.session,
                    place,
                    "decline",
                    actor=lead,
                    now=scene.now,
                    reason="Our engineer is away for these three weeks.",
                )
                _promote(scene, challenge, stage)
                continue
            advance(scene.session, place, "accept", actor=lead, now=scene.now)

    return do


def _promote(scene: Scene, challenge: Challenge, stage: str) -> None:
    manager = scene.actor(scene.person(invented.MANAGER))
    waiting = scene.all(
        Application, col(Application.challenge_id) == challenge.id, col(Application.state).in_(ON_RESERVE)
    )
    for application in waiting[:1]:
        advance(
            scene.session, application, "promote", actor=manager, now=scene.now, reason="A team has declined its place."
        )
        for place in _places(scene, challenge, stage, "accept"):
            if place.application_id == application.id:
                advance(scene.session, place, "accept", actor=scene.lead(place.team_id), now=scene.now)


def release_the_reserve(row: Row) -> Do:
    """Nobody is kept waiting longer than there is a place to wait for."""

    def do(scene: Scene) -> None:
        manager, challenge = scene.actor(scene.person(invented.MANAGER)), find(scene, row)
        left = col(Application.challenge_id) == challenge.id, col(Application.state).in_(ON_RESERVE)
        for application in scene.all(Application, *left):
            advance(
                scene.session,
                application,
                "close_the_reserve",
                actor=manager,
                now=scene.now,
                reason="All places of the stage are taken.",
            )

    return do


def _places(scene: Scene, challenge: Challenge, stage: str, trigger: str) -> list[Place]:
    return scene.all(
        Place, col(Place.challenge_id) == challenge.id, col(Place.stage) == stage, can_take(Place, trigger)
    )


def issue_it(row: Row, stage: str) -> Do:
    """Agreements of a stage are issued, once their documents are finished."""

    def do(scene: Scene) -> None:
        manager, challenge = scene.actor(scene.person(invented.MANAGER)), find(scene, row)
        for agreement in _agreements(scene, challenge, stage, "issue"):
            # made by now, unless the story is told without a worker
            documents.make(scene.session, agreement.document_id or 0, files=scene.files, now=scene.now)
            advance(scene.session, agreement, "issue", actor=manager, now=scene.now)

    return do


def sign_it(row: Row, stage: str, *, principal: bool) -> Do:
    """Team and sponsor sign."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        for agreement in _agreements(scene, challenge, stage, "sign_for_the_team"):
            advance(
                scene.session,
                agreement,
                "sign_for_the_team",
                actor=scene.lead(agreement.team_id),
                now=scene.now,
                may_sign=True,
            )
            advance(scene.session, agreement, "sign_for_the_sponsor", actor=owner, now=scene.now, may_sign=True)

    return do


def _agreements(scene: Scene, challenge: Challenge, stage: str, trigger: str) -> list[Agreement]:
    here = col(Agreement.challenge_id) == challenge.id, col(Agreement.stage) == stage
    return scene.all(Agreement, *here, can_take(Agreement, trigger))


def deliver_it(row: Row, stage: str, *, principal: bool) -> Do:
    """What is due in the coming days is submitted; one in five comes back for changes first; the sponsor accepts."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        for place in _places(scene, challenge, stage, "complete"):
            lead = scene.lead(place.team_id)
            owed = col(Deliverable.place_id) == place.id, col(Deliverable.state).in_(TO_SUBMIT)
            for deliverable in scene.all(Deliverable, *owed, col(Deliverable.due_at) <= scene.now + timedelta(days=10)):
                _deliver(scene, deliverable, lead, owner)

    return do


def _deliver(scene: Scene, deliverable: Deliverable, lead: Actor, owner: Actor) -> None:
    session, now = scene.session, scene.now
    note = "It is at the address that we gave the sponsor, with a page on how to try it."
    advance(session, deliverable, "submit", actor=lead, now=now, note=note)
    if scene.random.random() < 0.2:
        advance(
            session,
            deliverable,
            "request_changes",
            actor=owner,
            now=now,
            reason="Show also what did not work with the first users.",
        )
        advance(session, deliverable, "submit", actor=lead, now=now, note=note + " Page 2 is new.")
    advance(session, deliverable, "accept", actor=owner, now=now)


def finish_sprints(row: Row, stage: str, *, principal: bool) -> Do:
    """The sponsor finishes every sprint that is in review."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        for place in _places(scene, challenge, stage, "complete"):
            reviewed = col(Sprint.place_id) == place.id, col(Sprint.state).in_(IN_REVIEW)
            for sprint in scene.all(Sprint, *reviewed):
                advance(scene.session, sprint, "finish", actor=owner, now=scene.now)

    return do


def end_sprints(row: Row, stage: str, *, principal: bool) -> Do:
    """The stage's end: the teams bring what they still work on into review, and the sponsor finishes it."""

    def do(scene: Scene) -> None:
        for place in _places(scene, find(scene, row), stage, "complete"):
            lead = scene.lead(place.team_id)
            for trigger in ("begin", "review"):
                for sprint in scene.all(Sprint, col(Sprint.place_id) == place.id, can_take(Sprint, trigger)):
                    advance(scene.session, sprint, trigger, actor=lead, now=scene.now)
        finish_sprints(row, stage, principal=principal)(scene)

    return do


def complete_it(row: Row, stage: str, *, principal: bool) -> Do:
    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        for place in _places(scene, challenge, stage, "complete"):
            advance(scene.session, place, "complete", actor=owner, now=scene.now)

    return do
