"""Scenes: everybody finds the same, nobody finds what another has changed, and what a test adds is not kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from civflow.models import Application, History, Person
from civflow.services.engine import history
from tests.scenes.open_call import open_call
from tests.scenes.panel import sift_panel

PLAYED: list[str] = []


def somebody(call) -> None:
    PLAYED.append("somebody")
    call.person("Effie Gunn")


def names(session) -> list[str]:
    return list(session.scalars(select(Person.name).order_by(col(Person.id))))


def changed(call, session, how: str) -> None:
    if how == "the database":
        call.person("Tom Baird")
    elif how == "a record":
        call.challenge.title = "Another title"
    else:
        call.now += timedelta(days=1)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_scene_is_played_once_and_found_by_everybody(scenes, session, turn):
    call = scenes.play(open_call, somebody)
    assert not session.in_transaction()
    assert PLAYED.count("somebody") <= 2  # on either database
    assert names(session) == ["Morag Sinclair", "Hamish Drummond", "Effie Gunn"]
    assert call.challenge in session
    assert history.verify(session).broken is None
    call.person(f"Only in turn {turn}")
    session.commit()


@pytest.mark.parametrize("turn", [1, 2])
def test_numbers_go_on_where_the_scene_ends(scenes, session, turn):
    call = scenes.play(open_call)
    assert call.person("Tom Baird").id == 3
    assert session.scalar(select(func.max(col(History.id)))) > 3


def test_what_a_scene_stands_on_stays_the_same_object(scenes, session):
    call = scenes.play(open_call)
    challenge = call.challenge
    panel = scenes.play(sift_panel)
    assert (panel.call is call, call.challenge is challenge, challenge.state) == (True, True, "sift")
    assert call.now == call.closes_at
    assert session.scalar(select(func.count()).select_from(Application)) == 2


@pytest.mark.parametrize("how", ["the database", "a record", "the time"])
def test_what_comes_after_a_change_of_the_tests_own_is_its_own(scenes, session, how):
    call = scenes.play(open_call)
    changed(call, session, how)
    before = len(PLAYED)
    scenes.play(somebody)
    assert len(PLAYED) == before + 1
    assert ("Tom Baird" in names(session), call.challenge.title, call.now.day) == (
        how == "the database",
        "Another title" if how == "a record" else "Flooding impact",
        6 if how == "the time" else 5,
    )
