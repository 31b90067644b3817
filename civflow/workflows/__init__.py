"""The handbook: its pages, one module each; `handbook.py` is the table of contents.

HANDBOOK is put together when it is first asked for, not at import: the challenge's page is compiled from a programme
file, and where one is wrong, whoever imports a part of the handbook can still say what and on which line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civflow.workflows.handbook import HANDBOOK

__all__ = ["HANDBOOK"]


def __getattr__(name: str) -> Any:
    if name != "HANDBOOK":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from civflow.workflows.handbook import HANDBOOK  # noqa: PLC0415 - little is needed

    globals()[name] = HANDBOOK
    return HANDBOOK
