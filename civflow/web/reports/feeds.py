"""The challenges for other programmes: a feed, calendars, a map for search engines, a picture for shared links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response, render_template, request
from icalendar import Event

from civflow.services.challenges import public_page
from civflow.services.challenges.public_page import Publication
from civflow.services.documents import share_image
from civflow.services.formatting import moment
from civflow.services.live_sessions import sessions
from civflow.services.records import calendar as calendars
from civflow.services.reports import feeds
from civflow.services.reports.feeds import Date
from civflow.services.search import challenges, query
from civflow.services.search.challenges import Found
from civflow.web.shared import challenge_filters
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import now, session, settings
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NOBODY

blueprint = Blueprint("feeds", __name__)
WHAT = {
    **{moment.name: moment.words for moment in HANDBOOK["challenge"].calendar},
    "questions": "The last moment for questions",
}
SHARED = "public, max-age=300"  # everybody reads the same, whoever is signed in
PAGES = ("/", "/challenges", "/how-it-works", "/handbook", "/accessibility", "/privacy")


@blueprint.get("/challenges.atom")
@open_to(anyone)
def atom() -> Response:
    """The public challenges that fit the filters of the address, as an Atom feed; the latest opened first."""
    wanted = challenge_filters.asked().wanted
    found = feeds.entries(session(), replace(wanted, sort="-opens", page=1))
    updated = max((entry.updated_at for entry in found if entry.updated_at), default=now())
    text = render_template(
        "reports/feeds/challenges.xml",
        entries=found,
        updated=updated,
        host=calendars.host_of(settings().base_url),
        query=request.query_string.decode(),
        title=query.in_words(wanted),
        base=settings().base_url,
    )
    return _shared(text, "application/atom+xml")


@blueprint.get("/challenges.ics")
@open_to(anyone)
def calendar() -> Response:
    """When the public challenges that fit open and close, when one meets their sponsors, and when decisions are promised."""
    rows = challenges.every(session(), challenge_filters.asked().wanted, actor=NOBODY, most=feeds.MOST_DATES)
    return _calendar("Challenges", rows)


@blueprint.get("/challenges/<slug>.ics")
@open_to(anyone)
def calendar_of(slug: str) -> Response:
    """The dates of one challenge, and of an announced one when it opens."""
    challenge = challenges.known(session(), slug, actor=NOBODY)
    rows = challenges.one(session(), challenge.id or 0)
    within = [date for row in rows for date in feeds.dates_within(session(), challenge, row, now())]
    return _calendar(challenge.title, rows, within)


def _calendar(name: str, rows: list[Found], within: Sequence[Date] = ()) -> Response:
    made = [_entry(date) for date in (*feeds.dates(rows, now()), *within)]
    readable = {row.id: row for row in rows if row.is_readable}
    for live in sessions.of_challenges(session(), list(readable)):
        row = readable[live.challenge_id]
        page = f"{settings().base_url}/challenges/{row.slug}"
        made.append(sessions.event_of(live, row.title, page=page, now=now()))
    return _shared(calendars.calendar(name, made).to_ical().decode(), "text/calendar")


def _entry(date: Date) -> Event:
    """A moment without length, or the time of a gate."""
    row = date.challenge
    what = f"{date.stage}{'' if date.until else ' begins'}" if date.stage else WHAT[date.what]
    page = f"{settings().base_url}/challenges" + (f"/{row.slug}" if row.is_readable else "")
    key, summary = f"challenge-{row.id}-{date.what}", f"{what}: {row.title}"
    return calendars.entry(key, date.at, summary, page=page, now=now(), until=date.until, about=row.question)


@blueprint.get("/sitemap.xml")
@open_to(anyone)
def sitemap() -> Response:
    """Every page that everybody can read."""
    text = render_template(
        "reports/feeds/sitemap.xml", pages=PAGES, addresses=feeds.addresses(session()), base=settings().base_url
    )
    return _shared(text, "application/xml")


@blueprint.get("/challenges/<slug>/preview.png")
@open_to(anyone)
def picture(slug: str) -> Response:
    """What stands beside a link to the challenge where people share it: only what the public reads."""
    found = public_page.read(session(), slug, actor=NOBODY, now=now())
    made = share_image.picture(found.programme.title, found.challenge.title, found.sponsor, _status(found))
    return _shared(made, "image/png")


def _status(found: Publication) -> str:
    closes = found.challenge.closes_at
    if found.takes_applications and closes and closes > now():
        return f"Open until {moment(closes, found.programme.timezone)}"
    return found.state.public


def _shared(body: str | bytes, kind: str) -> Response:
    answer = Response(body, mimetype=kind)
    answer.headers["Cache-Control"] = SHARED
    return answer
