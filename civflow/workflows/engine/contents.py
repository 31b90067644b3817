"""The pages together: in which order they stand, and in which order their records are locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from civflow.models.people import SITE
from civflow.workflows.engine.endings import ending_with
from civflow.workflows.engine.refusals import HandbookError
from civflow.workflows.engine.workflow import Workflow

PERSON = "person"  # has no page, and is locked before all that have: what somebody holds and belongs to stays meanwhile


def contents(pages: Iterable[Workflow]) -> dict[str, Workflow]:
    """The pages by name: in the order given, those of the appendix last.

    Raises HandbookError where two pages have one name.
    """
    named: dict[str, Workflow] = {}
    for page in sorted(pages, key=lambda page: page.appendix):
        if named.setdefault(page.name, page) is not page:
            raise HandbookError(f"{page.name}: two pages have this name.")
    return named


def scopes(pages: Mapping[str, Workflow]) -> tuple[str, ...]:
    """Where roles are held: everywhere, and for one record of each noun whose page says so."""
    return (SITE, *(name for name, page in pages.items() if page.scope))


def lock_order(pages: Sequence[Workflow]) -> tuple[str, ...]:
    """The nouns in an order in which every step locks: what a step's rules look at comes before its own record, and what ends
    with a record after it.

    So no two steps lock two records in different orders, and none waits for another that waits for it. Where nothing
    else decides, the order is that of the pages. Raises HandbookError for a lock on a noun without a page, and for a
    circle.
    """
    before: dict[str, set[str]] = {PERSON: set()}
    before |= {page.name: {*page.begin_locks, *(lock for step in page.steps for lock in step.locks)} for page in pages}
    for name, locks in before.items():
        for lock in sorted(locks - before.keys()):
            raise HandbookError(f"{name}: a step locks its {lock}, and there is no page of that name.")
    for page in pages:
        for noun in ending_with(page):
            before[noun].add(page.name)
    order: list[str] = []
    while len(order) < len(before):
        free = next((name for name in before if name not in order and before[name] <= set(order)), None)
        if free is None:
            circle = ", ".join(name for name in before if name not in order)
            raise HandbookError(
                f"{circle}: their steps lock or end one another in a circle, so two people could wait for ever."
            )
        order.append(free)
    return tuple(order)
