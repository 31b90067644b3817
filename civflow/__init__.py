"""civflow: a workflow engine for public challenge programmes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from civflow.settings import Settings

__version__ = "0.1.0"


def create_app(
    settings: Settings | None = None, *, engine: Engine | None = None, clock: Callable[[], datetime] | None = None
) -> Flask:
    """The whole wiring of the web side; `clock` is read once per request and answers an aware datetime.

    Where the list of features, or what it names, is wrong, the process ends with the sentence about it, also where a
    WSGI server calls this and no command of civflow's.
    """
    from civflow.features import FeatureError  # noqa: PLC0415 - little is needed
    from civflow.workflows.engine.refusals import HandbookError  # noqa: PLC0415 - little is needed

    try:
        from civflow.web.wiring import wire  # noqa: PLC0415 - heavy

        return wire(settings, engine=engine, clock=clock)
    except (FeatureError, HandbookError) as wrong:
        raise SystemExit(str(wrong)) from None
