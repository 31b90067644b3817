"""By which clock a record's moments are written and read."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from civflow.services.engine.advance import PAGES
from civflow.services.formatting import DEFAULT_ZONE
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import MODELS


def zone_of(session: Session, record: Any) -> str:
    """The zone of the record's programme, which its page says how to find; of the site where it has none."""
    page = PAGES[type(record)]
    above = page.refers(page.zone) if page.zone else None
    if above is None:
        return DEFAULT_ZONE
    if above.name == "programme":
        return programme_of(session, record).timezone
    return zone_of(session, session.get_one(MODELS[above.name], getattr(record, page.zone or "")))
