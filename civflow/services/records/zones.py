"""By which clock a record's moments are written and read."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from sqlmodel import Session

from civflow.services.engine.advance import PAGES
from civflow.services.formatting import DEFAULT_ZONE
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import MODELS


def zone_of(session: Session, record: Any) -> str:
    """The zone that a column of the record names, or that of what it refers to, as its page says; else the site's."""
    page = PAGES[type(record)]
    found = getattr(record, page.zone) if page.zone else None
    if not page.zone or not found:
        return DEFAULT_ZONE
    above = page.refers(page.zone)
    if above is None:
        return found if found in available_timezones() else DEFAULT_ZONE
    if above.name == "programme":
        return programme_of(session, record).timezone
    return zone_of(session, session.get_one(MODELS[above.name], found))
