"""Records in calendars: the moments that their pages declare, as entries of an iCalendar file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from icalendar import Calendar, Event
from sqlmodel import Session

from civflow.models import Tracked
from civflow.services.records.titles import path_of, title_of
from civflow.workflows.engine import Case
from civflow.workflows.engine.sight import columns_read


def calendar(name: str, entries: Iterable[Event]) -> Calendar:
    """A file with these entries, under this name."""
    made = Calendar()
    made.add("prodid", "-//civflow//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("x-published-ttl", "PT6H")
    for entry in entries:
        made.add_component(entry)
    return made


def entry(
    key: str, at: datetime, summary: str, *, page: str, now: datetime, until: datetime | None = None, about: str = ""
) -> Event:
    """A moment without length, or until another one: nobody is busy because of it.

    `key` names it for good among those of the site, `page` is the whole address where it is read.
    """
    made = Event()
    made.add("uid", f"{key}@{host_of(page)}")
    made.add("dtstamp", now)
    made.add("dtstart", at)
    if until and until > at:
        made.add("dtend", until)
    made.add("summary", summary)
    made.add("description", f"{about}\n\n{page}".strip())
    made.add("url", page)
    made.add("transp", "TRANSPARENT")
    return made


def host_of(address: str) -> str:
    """The name of the machine in an address."""
    return urlsplit(address).hostname or "localhost"


def entries_of(session: Session, record: Tracked, case: Case, *, base_url: str, now: datetime) -> Iterator[Event]:
    """The moments of a record that its page declares and that the case's actor reads."""
    read, title, page = columns_read(case), title_of(session, record), f"{base_url}{path_of(record)}"
    for moment in case.workflow.calendar:
        at = getattr(record, moment.column) if moment.column in read else None
        if at is not None:
            until = getattr(record, moment.until) if moment.until in read else None
            key = f"{case.workflow.name}-{record.id}-{moment.name or moment.column}"
            yield entry(key, at, f"{moment.words}: {title}", page=page, now=now, until=until)
