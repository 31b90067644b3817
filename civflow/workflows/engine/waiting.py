"""Whom a state waits for: the lines that a page declares for home pages, and what is wrong with a declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from civflow.models.people import ROLES
from civflow.workflows.engine.language import Line, Rule, State

if TYPE_CHECKING:
    from civflow.workflows.engine.workflow import Workflow

# What words name: a column, a fact or what a column refers to, a column of that, and the noun of a number, with its plural.
NAME = re.compile(r"\{([a-z_]+)(?:\.([a-z_]+))?(?::([a-z£ ]+)(?:/([a-z ]+))?)?\}")
CIVFLOW = "civflow"  # by whom a rule finds records that wait for no person
COMES_WITH = ("team_lead", "team_member", "panel_member", CIVFLOW)  # roles that nobody grants


def lines_of(state: State) -> Iterator[tuple[Rule, Line]]:
    """Each line of a state with the rule about whose it is, in the order of the page."""
    for who, words in state.waits_for.items():
        several = words if isinstance(words, tuple) else (words,)
        yield from ((who, line if isinstance(line, Line) else Line(line)) for line in several)


def name_of(who: Rule) -> str:
    """Whoever a rule admits, in words: 'the programme managers'."""
    return who.called or f"the {ROLES[who.role].lower()}s"


def finders(who: Rule) -> tuple[str, ...]:
    """By which roles, columns or facts the records of whoever a rule admits are found."""
    return who.finds or ((who.role,) if who.role else ())


def needs_of(page: Workflow, state: str, who: Rule, line: Line) -> tuple[str, ...]:
    """The facts that say whether a line is somebody's, and that its words name."""
    step = next((s for s in page.steps if s.name == line.step and state in s.sources), None)
    named = (found[1] for text in (line.words, line.detail) for found in NAME.finditer(text))
    asked = (name for one in (who, *line.when) for name in one.needs)
    names = (*asked, *(step.needs if step else ()), *named, line.due)
    return tuple(dict.fromkeys(name for name in names if name in page.declared))


def faults_in_waiting(page: Workflow) -> Iterator[str]:
    """What a page lacks or contradicts of whom its states wait for, in sentences with the place."""
    for state in page.states.values():
        where = f"{page.name}, state '{state.name}'"
        goes_on = any(step.due and state.name in step.sources for step in page.steps)
        if state.final and (state.waits_for or state.live):
            yield f"{where}: it is final, and waits for nobody."
        if not (state.final or state.waits_for or state.live or goes_on):
            yield f"{where}: it says neither whom it waits for, nor by when it goes on by itself, nor that it may stand."
        for who in state.waits_for:
            yield from _of_rule(page, who, where)
        for _, line in lines_of(state):
            yield from _of_line(page, state, line, where)


def _of_rule(page: Workflow, who: Rule, where: str) -> Iterator[str]:
    if not isinstance(who, Rule):
        yield f"{where}: {who!r} is not a rule about whom it waits for."
        return
    if not who.called and who.role not in ROLES:
        yield f"{where}: the rule “{who.name}” does not say in words whom it admits."
    if not finders(who):
        yield f"{where}: the rule “{who.name}” does not say by which role, column or fact the records are found."
    for name in finders(who):
        if name not in (*ROLES, *COMES_WITH, *page.table.c.keys(), *page.declared):
            yield f"{where}: the rule “{who.name}” finds records by '{name}', which is no role, column or fact."


def _of_line(page: Workflow, state: State, line: Line, where: str) -> Iterator[str]:
    if line.step and not any(s.name == line.step and state.name in s.sources for s in page.steps):
        yield f"{where}: it waits for the step '{line.step}', which does not leave it."
    for thing in line.when:
        if not isinstance(thing, Rule):
            yield f"{where}: {thing!r} is not a rule about when somebody is waited for."
    if line.due and line.due not in page.table.c and line.due not in page.declared:
        yield f"{where}: a line is due at '{line.due}', which is no column and no fact."
    for column in line.gathers or ():
        if column not in page.table.c:
            yield f"{where}: a line gathers by the column '{column}', and the table has none."
    counts = line.gathers is not None or bool(line.says)
    for text in (line.words, line.detail, line.path, line.path_of_many):
        yield from _of_text(page, text, where, counts=counts)
    if not line.words.strip():
        yield f"{where}: a line has no words."


def _of_text(page: Workflow, text: str, where: str, *, counts: bool) -> Iterator[str]:
    """Every name in braces stands for something; `counts`: also how many records are gathered."""
    if set("{}") & set(NAME.sub("", text)):
        yield f"{where}: '{text}' has braces around what cannot be a name."
    for name, of_that, *_ in NAME.findall(text):
        other = page.refers(f"{name}_id")
        known = name == "record" or name in page.table.c or name in page.declared or (name == "count" and counts)
        if other is None and (of_that or not known):
            yield f"{where}: '{text}' names '{name}', which is no column, no fact and nothing that a column refers to."
        elif other is not None and of_that and of_that not in other.c:
            yield f"{where}: '{text}' names '{name}.{of_that}', and the table of its {name} has no such column."
