"""Acts before an approval: a challenge is scored by people who were named, and is sent back with reasons per part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from civflow.demonstration.calls import Do, find, owner_of
from civflow.demonstration.play import Scene
from civflow.demonstration.words import BRIEF
from civflow.services.challenges.archive import Row
from civflow.services.challenges.drafts import write_challenge
from civflow.services.challenges.review import deal_with, open_changes, request_changes
from civflow.services.challenges.review_scores import score
from civflow.services.engine.advance import advance
from civflow.services.people import invented
from civflow.services.programmes.store import programme_of

SCORERS = (invented.ASSESSOR, "assessor-sponsor-0@demonstration.example.org")
REASONS = {
    "importance": "Two services lose days to it every month, and people wait for them.",
    "user_need": "Those who have the problem were asked; it reads as theirs.",
    "needs_innovation": "There are products for parts of it, and none for the whole.",
    "transferable": "Other public bodies have the same problem, but nobody has asked them yet.",
    "right_size": "A first version can be tried in fifteen weeks if the data is there on the first day.",
}
CHANGES = {
    "text-problem": "It reads as if the answer were an app. Say what goes wrong today, for whom, and how often.",
    "readiness": "Name the two users and how many hours each has: “users” are nobody until they have a name.",
}
ON_OFFER = {"text-on_offer": "Say how many hours the users have in each sprint."}


def acts(
    row: Row, act: Any, opens: datetime, *, principal: bool, scores: tuple[int | None, ...], sent_back: bool
) -> Iterator[Any]:
    """Scorers are named a day after the challenge was sent; `scores` are theirs, None of one who has not scored yet."""
    for number, (email, value) in enumerate(zip(SCORERS, scores, strict=False)):
        yield act(f"name {email}", opens - timedelta(days=13.4 - number / 10), name_it(row, email))
        if value is not None:
            yield act(f"score {email}", opens - timedelta(days=12.8 - number / 10), score_it(row, email, value))
    if sent_back:
        yield act("send back", opens - timedelta(days=12.2), send_back(row))
        yield act("deal with it", opens - timedelta(days=11.6), deal_with_one(row, "readiness", principal=principal))


def name_it(row: Row, email: str) -> Do:
    def do(scene: Scene) -> None:
        advance(
            scene.session,
            find(scene, row),
            "name_a_scorer",
            actor=scene.actor(scene.person(invented.MANAGER)),
            now=scene.now,
            person_id=scene.person(email).id,
        )

    return do


def score_it(row: Row, email: str, value: int) -> Do:
    """Every criterion gets about the same, the one or other a point more."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        scoring = programme_of(scene.session, challenge).readiness.scoring
        if scoring:
            most = scoring.scale.most
            given = {
                c.id: (str(min(most, value + scene.random.randint(0, 1))), REASONS[c.id]) for c in scoring.criteria
            }
            score(scene.session, challenge, given, actor=scene.actor(scene.person(email)), now=scene.now)

    return do


def send_back(row: Row) -> Do:
    """The programme office asks for changes in two parts."""

    def do(scene: Scene) -> None:
        request_changes(
            scene.session,
            find(scene, row),
            CHANGES,
            now=scene.now,
            general="A good problem. Two things have to be clear before it can be approved.",
            actor=scene.actor(scene.person(invented.MANAGER)),
        )

    return do


def deal_with_one(row: Row, part: str, *, principal: bool) -> Do:
    """The sponsor says of one part that it is dealt with."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        owner = scene.actor(owner_of(scene, challenge, principal))
        asked = next(one for one in open_changes(scene.session, challenge) if one.change.part == part)
        write_challenge(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            sponsor_time="Isla Moncreiff, service lead, one day a week; Fergus Baird and Eilidh Tait, users, "
            "two hours each in every sprint.",
        )
        deal_with(
            scene.session,
            challenge,
            asked.change.id or 0,
            how="All three are named now, with their hours.",
            actor=owner,
            now=scene.now,
        )

    return do


def change_it(row: Row, *, principal: bool) -> Do:
    """The programme office asks for a change in one part, and the sponsor makes it and sends it again."""

    def do(scene: Scene) -> None:
        challenge = find(scene, row)
        request_changes(
            scene.session,
            challenge,
            ON_OFFER,
            general="",
            now=scene.now,
            actor=scene.actor(scene.person(invented.MANAGER)),
        )
        owner = scene.actor(owner_of(scene, challenge, principal))
        write_challenge(
            scene.session,
            challenge,
            actor=owner,
            now=scene.now,
            sections={"on_offer": BRIEF["on_offer"] + " Each user has two hours a sprint."},
        )
        for asked in open_changes(scene.session, challenge):
            deal_with(scene.session, challenge, asked.change.id or 0, how="Two hours each.", actor=owner, now=scene.now)
        advance(scene.session, challenge, "submit_for_review", actor=owner, now=scene.now)

    return do
