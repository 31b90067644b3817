"""The flow picture of challenges, drawn from what services/funnels.py knows of their stages."""

from __future__ import annotations

from markupsafe import Markup

from civflow.services.publication import Publication


def strip_of(found: Publication) -> Markup:
    return Markup("")


def strips_of(session, ids):
    return {}
