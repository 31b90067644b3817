"""Requests as views see them: without the character that no database keeps."""

from __future__ import annotations

from flask import Flask, Request, abort, request
from werkzeug.datastructures import MultiDict
from werkzeug.datastructures.structures import ImmutableMultiDict
from werkzeug.utils import cached_property


class CleanRequest(Request):
    """Words that are typed or stand in an address come without NUL: PostgreSQL refuses it, and nobody can type it."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        return _without_nul(super().args)

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        return _without_nul(super().form)


def _without_nul(values: MultiDict[str, str]) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict([(name, value.replace("\0", "")) for name, value in values.items(multi=True)])


def init_app(app: Flask) -> None:
    app.request_class = CleanRequest

    @app.before_request
    def no_such_address() -> None:
        if "\0" in request.path:
            abort(404)
