"""Finding challenges: by any of their words and by every filter, and never by what may not be read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from civflow.models import Challenge, Organisation, Programme, Round, SupportingSponsor
from civflow.services.challenges import archive
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from civflow.services.search import challenges, index, query
from civflow.services.search.index import words_of
from civflow.services.search.query import Wanted
from civflow.workflows.engine import NOBODY


def another(session, call, title, **columns) -> Challenge:
    """A second challenge of the round, as a draft of the programme office."""
    round_ = session.get_one(Round, call.challenge.round_id)
    sections = columns.pop("sections", {})
    made = draft(session, round_=round_, sponsor=None, title=title, actor=call.actor(call.manager), now=call.now)
    write_challenge(session, made, actor=call.actor(call.manager), now=call.now, sections=sections, **columns)
    return made


def opened(session, call, title, *, announced=False, **columns) -> Challenge:
    """A challenge that has opened, or that is announced and opens tomorrow."""
    sections = {s.id: "Words." for s in programme_of(session, call.challenge).brief} | columns.pop("sections", {})
    opens_at = call.now + timedelta(days=1) if announced else call.now
    made = another(
        session,
        call,
        title,
        **{
            "question": "How might we?",
            "opens_at": opens_at,
            "closes_at": call.now + timedelta(days=40),
            "money_pounds": 5_000,
            "budget_holder": "A director",
            "route_to_adoption": "A team.",
            "sponsor_time": "A day.",
            "data_access": "None.",
            "exit_if_too_expensive": "We stop.",
            **columns,
        },
        sections=sections,
    )
    for step in ("submit_for_review", "approve", "announce" if announced else "open"):
        advance(session, made, step, actor=call.actor(call.manager), now=call.now)
    return made


def searched(session, actor=NOBODY, **wanted) -> list[str]:
    return [row.title for row in challenges.find(session, Wanted(**wanted), actor=actor).rows]


@pytest.mark.parametrize(
    "words",
    [
        "flooding",
        "FLOODS",
        "flood",
        "floodin",
        "impacts",
        "flooding impact",
        "council",
        "invented flood",
        "11.2",
        "coming",
        "see a flood com",
        "word",
    ],
)
def test_a_challenge_is_found_by_any_of_its_words(session, call, words):
    """Of the title, the sponsor, the number, the question and the text; by stem, and by how the last word begins."""
    assert searched(session, words=words) == ["Flooding impact"]


@pytest.mark.parametrize("words", ["peat", "flooding peat", "looding", "fl impact", "11.3", "112", "?!", "f"])
def test_a_challenge_is_not_found_by_what_it_does_not_say(session, call, words):
    assert searched(session, words=words) == []


@pytest.mark.parametrize(
    "words",
    [
        '"flood',
        "flood*",
        "flood OR peat",
        "flood:*",
        "'",
        "flood & (",
        "%",
        "{title}: flood",
        "flood\\",
        "NEAR(flood)",
        "-flood",
    ],
)
def test_no_sign_means_anything_to_the_search(session, call, words):
    expected = ["Flooding impact"] if words_of(words) == "flood" else []
    assert searched(session, words=words) == expected


def test_words_are_the_same_with_accents_capitals_and_marks():
    assert words_of("Dùn Èideann’s £650,000 (11.4), e-mail_x") == "dun eideann s 650p000 11p4 e mail x"


def test_what_stands_in_the_title_comes_first_then_the_question_then_the_text(session, call):
    opened(session, call, "Warm homes", sections={"problem": "Damp and seaweed."})
    opened(session, call, "Cold water", question="How might we use seaweed?")
    opened(session, call, "Seaweed farms")

    assert searched(session, words="seaweed") == ["Seaweed farms", "Cold water", "Warm homes"]


def test_a_challenge_that_has_not_opened_is_found_by_its_title_and_sponsor_alone(session, call):
    opened(
        session,
        call,
        "Quiet roads",
        announced=True,
        question="How might we calm traffic?",
        place="Perth",
        themes=["transport"],
        money_pounds=90_000,
        sections={"problem": "Lorries."},
    )

    assert searched(session, words="quiet") == ["Quiet roads"]
    hidden = (
        {"words": "traffic"},
        {"words": "lorries"},
        {"place": "Perth"},
        {"theme": "transport"},
        {"money_from": 90_000, "money_to": 90_000},
        {"closes_from": call.now.date()},
    )
    assert [searched(session, **wanted) for wanted in hidden] == [[], [], [], [], [], ["Flooding impact"]]
    staff = call.actor(call.manager)
    assert [searched(session, staff, **wanted) for wanted in hidden[:5]] == [["Quiet roads"]] * 5
    assert "Perth" not in challenges.find(session, Wanted(), actor=NOBODY).choices.places
    [row] = [r for r in challenges.find(session, Wanted(), actor=NOBODY).rows if r.title == "Quiet roads"]
    assert (row.question, row.closes_at, row.money_pounds, row.themes, row.place) == ("", None, 0, (), "")
    supporter = Organisation(legal_name="Orkney Islands Council", kind="public_body")
    session.add(supporter)
    session.flush()
    session.add(SupportingSponsor(challenge_id=row.id, organisation_id=supporter.id, added_at=call.now))
    index.index(session, [row.id])
    assert [searched(session, actor, words="orkney") for actor in (NOBODY, staff)] == [[], ["Quiet roads"]]


def test_a_source_does_not_open_what_is_only_announced(session, call):
    made = opened(session, call, "Quiet roads", announced=True, question="How might we calm traffic?")
    made.source_url = "https://example.org/roads"
    index.index(session, [made.id])

    assert (searched(session, words="traffic"), searched(session, words="quiet")) == ([], ["Quiet roads"])


def test_a_challenge_that_is_approved_and_not_announced_is_found_by_nobody_outside(session, call):
    made = opened(session, call, "Quiet roads", announced=True)
    made.announced = False
    session.flush()

    assert (searched(session, words="quiet"), challenges.find(session, Wanted(), actor=NOBODY).counts["soon"]) == (
        [],
        0,
    )
    page = challenges.find(session, Wanted(words="quiet", group="preparing"), actor=call.actor(call.manager))
    assert ([row.title for row in page.rows], page.counts["preparing"], page.total) == (["Quiet roads"], 1, 1)


def test_a_draft_is_found_by_its_own_people_alone(session, call):
    another(session, call, "Secret plans", question="How might we hide?", sections={"problem": "Camouflage."})

    for words in ("secret", "hide", "camouflage"):
        assert (searched(session, words=words), searched(session, call.actor(call.owner), words=words)) == ([], [])
        assert searched(session, call.actor(call.manager), words=words) == ["Secret plans"]


def test_a_sealed_text_does_not_change_the_order_in_which_others_find(session, call):
    opened(session, call, "Seaweed", announced=True, question="Kelp?")
    opened(session, call, "Kelp", sections={"problem": "Seaweed."})

    assert searched(session, words="seaweed") == ["Seaweed", "Kelp"]
    assert searched(session, words="kelp") == ["Kelp"]


def test_the_words_follow_what_is_written(session, call):
    made = another(session, call, "First title")
    staff = call.actor(call.manager)
    write_challenge(session, made, actor=staff, now=call.now, title="Second title", sections={"problem": "Otters."})

    assert [searched(session, staff, words=words) for words in ("first", "second otter")] == [[], ["Second title"]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_index_of_sqlite_agrees_with_the_words(session, call):
    opened(session, call, "Peat")
    session.execute(text("INSERT INTO challenge_index (challenge_index, rank) VALUES ('integrity-check', 1)"))


FILTERS = [
    ({"theme": "health"}, ["Warm homes"]),
    ({"theme": "climate"}, ["Cold water", "Warm homes"]),
    ({"theme": "sea"}, []),
    ({"place": "Perth"}, ["Warm homes"]),
    ({"sponsor": "Invented Council"}, ["Flooding impact"]),
    ({"money_from": 100_000}, ["Flooding impact", "Warm homes"]),
    ({"money_to": 100_000}, ["Cold water", "Warm homes"]),
    ({"money_from": 60_000, "money_to": 200_000}, ["Warm homes"]),
    ({"round": "a-round", "theme": "health"}, ["Warm homes"]),
    ({"group": "open", "place": "Dùn Dè"}, ["Cold water"]),
    ({"group": "finished"}, []),
]


@pytest.mark.parametrize(("wanted", "titles"), FILTERS, ids=lambda value: "-".join(map(str, value)))
def test_each_filter_finds_what_it_names(session, call, wanted, titles):
    opened(session, call, "Warm homes", themes=["health", "climate"], place="Perth", money_pounds=100_000)
    opened(session, call, "Cold water", themes=["climate"], place="Dùn Dè", money_pounds=50_000)

    assert sorted(searched(session, **wanted)) == titles


def test_a_closing_date_belongs_to_its_day_in_london_and_midnight_to_the_day_that_ends(session, call):
    day = (call.now + timedelta(days=30)).date()
    closes = call.now.replace(hour=0, minute=0) + timedelta(days=31)  # midnight, at the end of that day
    opened(session, call, "Warm homes", closes_at=closes)

    def between(least, most) -> list[str]:
        return searched(session, closes_from=day + timedelta(days=least), closes_to=day + timedelta(days=most))

    assert (between(0, 0), between(1, 1), between(-1, -1)) == (["Warm homes"], [], [])


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("title", ["Cold water", "Flooding impact", "Warm homes"]),
        ("-title", ["Warm homes", "Flooding impact", "Cold water"]),
        ("money", ["Warm homes", "Flooding impact", "Cold water"]),
        ("-money", ["Flooding impact", "Warm homes", "Cold water"]),
        ("closes", ["Flooding impact", "Cold water", "Warm homes"]),
        ("-closes", ["Warm homes", "Cold water", "Flooding impact"]),
        ("", ["Flooding impact", "Cold water", "Warm homes"]),
    ],
)
def test_the_list_is_sorted_by_the_heading_that_is_chosen(session, call, sort, titles):
    """Where nothing is said it comes last, whichever way round."""
    opened(session, call, "Warm homes", money_pounds=100_000, closes_at=call.now + timedelta(days=60))
    # As a challenge stands that an earlier version of its programme has let through.
    opened(session, call, "Cold water", closes_at=call.now + timedelta(days=50)).money_pounds = 0
    session.flush()

    assert searched(session, sort=sort) == titles


def test_earlier_challenges_are_found_by_what_their_source_says(session, call):
    programme = session.scalars(select(Programme)).one()
    rows = archive.shipped_rows()
    archive.import_rows(session, rows, programme=programme, actor=call.actor(call.manager), now=call.now)

    page = challenges.find(session, Wanted(words="air quality urban"), actor=NOBODY)
    assert [(row.title, row.group) for row in page.rows] == [("Urban air quality", "finished")]
    assert sum(challenges.find(session, Wanted(), actor=NOBODY).counts.values()) == 57


def test_a_search_is_written_into_an_address_and_read_from_it(call):
    wanted = Wanted(
        words="flood & co", theme="health", money_from=5, closes_to=call.now.date(), known=True, group="open"
    )
    address = query.address_of(wanted)

    assert address == "closes_to=2026-01-05&group=open&money_from=5&q=flood+%26+co&result=known&theme=health"
    assert query.search_at(address) == wanted


def test_a_challenge_fits_a_search_as_the_public_would_find_it(session, call):
    hidden = another(session, call, "Flood plans")
    ids = {c.title: c.id for c in session.scalars(select(Challenge).order_by(col(Challenge.id)))}

    assert [
        challenges.fits(session, Wanted(words=words, group="finished"), ids["Flooding impact"])
        for words in ("flood", "peat")
    ] == [True, False]
    assert challenges.fits(session, Wanted(words="flood"), hidden.id) is False
