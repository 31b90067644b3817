"""Noting where somebody is, so that others who are at the same record know."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from civflow.db import BUSY
from civflow.models import Tracked
from civflow.services.collaboration import presence
from civflow.web.shared.current import actor, now, writing_session


def arrive(record: Tracked, part: str = "", *, stays: bool = False, asks: bool = False) -> None:
    """Note that the person is here, in a transaction of its own: the page itself only reads."""
    come = partial(presence.stay, asks=asks) if stays else presence.come
    with writing_session(hurries=True) as writing, suppress(*BUSY):  # a busy database keeps nobody from the page
        come(writing, record, actor().id or 0, part, now=now())
        writing.commit()
