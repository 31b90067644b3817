"""What a page has to declare, checked when it is made: what is missing or unknown is an error with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from civflow.models.people import ROLES
from civflow.workflows.engine.endings import faults_in
from civflow.workflows.engine.facts import KINDS
from civflow.workflows.engine.language import INNER, Rule, Step
from civflow.workflows.engine.letters import NAMED, Letter, News
from civflow.workflows.engine.refusals import HandbookError
from civflow.workflows.engine.waiting import faults_in_waiting

if TYPE_CHECKING:
    from civflow.workflows.engine.workflow import Workflow

PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.([a-z_]+))?\}")  # a column or what it refers to, and a column of that

BESIDE_STEPS = ("comments", "follow")  # in the address of a record
LONGEST_WHAT = 20  # letters of the column that keeps what news is about


def check(page: Workflow) -> None:
    """Raises HandbookError with the first sentence about what the page lacks or contradicts."""
    for part in (
        _beginnings,
        _offers,
        _steps,
        _tells,
        _titles,
        _path,
        _rules,
        faults_in_waiting,
        _facts,
        _columns,
        _sight,
        _zone,
        _calendar,
        _comments,
        _followed,
        _addresses,
        faults_in,
    ):
        for sentence in part(page):
            raise HandbookError(sentence)


def _beginnings(page: Workflow) -> Iterator[str]:
    for state in page.begins:
        if state not in page.states:
            yield f"{page.name}: a record cannot begin in '{state}', which is no state."
    yield from _locks(page, page.begin_locks, f"{page.name}, where it begins")


def _offers(page: Workflow) -> Iterator[str]:
    offered: set[tuple[str, str]] = set()
    alike: dict[str, object] = {}
    for step in page.steps:
        says = (step.path, step.publishes_reason, step.quiet)  # the history knows a step by its name alone
        if alike.setdefault(step.name, says) != says:
            yield f"{page.name}.{step.name}: steps of one name have one path, and all or none publish or are quiet."
        for source in step.sources:
            if (source, step.name) in offered:
                yield f"{page.name}.{step.name}: two steps of this name leave '{source}'."
            offered.add((source, step.name))


def _steps(page: Workflow) -> Iterator[str]:
    for step in page.steps:
        where = f"{page.name}.{step.name}"
        for state in (*step.sources, step.target):
            if state not in page.states:
                yield f"{where}: there is no state '{state}'."
        for thing in (*step.permits, *step.requires):
            if not isinstance(thing, Rule):
                yield f"{where}: {thing!r} is not a rule."
        for column in (*step.stamps, *step.signs, *((step.due,) if step.due else ())):
            if column not in page.table.c:
                yield f"{where}: the table has no column '{column}'."
        yield from _locks(page, step.locks, where)
        for ask in step.asks:
            for bound in (ask.least, ask.most):
                if isinstance(bound, str) and bound not in page.table.c:
                    yield f"{where}: “{ask.label}” is bound by the column '{bound}', and the table has none."
        yield from _step_path(page, step, where)


def _comments(page: Workflow) -> Iterator[str]:
    comments = page.comments
    if comments is None:
        return
    if not (comments.read and comments.write):
        yield f"{page.name}: it has comments, and does not say who reads them and who writes them."
    for role in comments.told:
        if role not in ROLES:
            yield f"{page.name}: the role '{role}' is told of comments, and there is no such role."
    if comments.path:
        yield from _address(page, comments.path, page.name)


def _followed(page: Workflow) -> Iterator[str]:
    if page.followed is None:
        return
    if not page.followed.by or not page.followed.when:
        yield f"{page.name}: it is followed, and does not say by whom, and of what they are told."
    for what in page.followed.subjects:
        if len(what) > LONGEST_WHAT:
            yield f"{page.name}: the news '{what}' has a name of more than {LONGEST_WHAT} letters."


def _addresses(page: Workflow) -> Iterator[str]:
    """Steps stand beside the comments and the button to follow in the addresses of a record."""
    for step in page.steps:
        if step.name in BESIDE_STEPS:
            yield f"{page.name}.{step.name}: a step cannot have this name, which stands for another page of a record."


def _tells(page: Workflow) -> Iterator[str]:
    """Each letter is a text or a template, and names only what there is when the step is taken."""
    for step in page.steps:
        for audience, told in step.tells.items():
            where = f"{page.name}.{step.name}, to {audience}"
            yield from _kind_of_letter(told, where)
            for text in told.texts:
                for name, of_that in PLACEHOLDER.findall(text):
                    if of_that or name not in (*page.table.c.keys(), *NAMED):
                        named = f"{name}.{of_that}" if of_that else name
                        yield f"{where}: the letter names '{named}', which is no column, and none of {', '.join(NAMED)}."
                    elif name == "reason" and not step.reason:
                        yield f"{where}: the letter names the reason, and the step asks for none."
                yield from _stray_braces(text, where)


def _kind_of_letter(told: object, where: str) -> Iterator[str]:
    """What is wrong with the shape of a letter or of news."""
    if isinstance(told, News):
        if bool(told.sentence) == bool(told.words):
            yield f"{where}: news has a sentence, or names the function that makes it."
    elif not isinstance(told, Letter):
        yield f"{where}: {told!r} is no letter, and no news."
    elif (told.template and any(told.texts)) or not (told.template or all(told.texts)):
        yield f"{where}: a letter has a subject and a body, or a template by name."
    elif told.words and not told.template:
        yield f"{where}: only a template prints what '{told.words}' answers."
    elif told.about and not told.about.startswith("/"):
        yield f"{where}: the letter leads to '{told.about}', and a path begins with a slash."


def _locks(page: Workflow, locks: tuple[str, ...], where: str) -> Iterator[str]:
    for lock in locks:
        if f"{lock}_id" not in page.table.c:
            yield f"{where}: it locks its {lock}, and the table does not say which that is."


def _step_path(page: Workflow, step: Step, where: str) -> Iterator[str]:
    if step.on_its_page and not step.path:
        yield f"{where}: it is taken only on a page of its own, so it says at which path."
    if step.path:
        yield from _address(page, step.path, where)


def _path(page: Workflow) -> Iterator[str]:
    yield from _address(page, page.path, page.name)


def _address(page: Workflow, path: str, where: str) -> Iterator[str]:
    """A path leads to one record: it begins at the root, and columns of the record are in it."""
    found = PLACEHOLDER.findall(path)
    if not path.startswith("/") or not found:
        yield f"{where}: the path '{path}' begins with a slash and names a column of the record in braces."
    for column, of_that in found:
        if of_that or column not in page.table.c:
            yield f"{where}: the path '{path}' names '{column}', and the table has no such column."
    yield from _stray_braces(path, where)


def _titles(page: Workflow) -> Iterator[str]:
    if not page.record_title:
        yield f"{page.name}: it does not say what people call a record: give it a title, such as '{{name}}'."
    for title in (page.record_title, page.short_title):
        for name, of_that in PLACEHOLDER.findall(title):
            place = f"{page.name}: the title '{title}' names"
            other = page.refers(f"{name}_id")
            if other is None and (of_that or name not in page.table.c):
                yield f"{place} '{name}', which is no column, and no column '{name}_id' refers to anything."
            elif of_that and other is not None and of_that not in other.c:
                yield f"{place} '{name}.{of_that}', and the table of its {name} has no such column."
            elif name == "stage" and "challenge_id" not in page.table.c:
                yield f"{place} a stage, and a record says nowhere of which challenge."
        yield from _stray_braces(title, page.name)


def _stray_braces(text: str, where: str) -> Iterator[str]:
    if set("{}") & set(PLACEHOLDER.sub("", text)):
        yield f"{where}: '{text}' has braces around what cannot be a column's name."


def _rules(page: Workflow) -> Iterator[str]:
    if not page.sees:
        yield f"{page.name}: it does not say who sees a record: name the rules under sees."
    for thing in page.rules_of_sight():
        if not isinstance(thing, Rule):
            yield f"{page.name}: {thing!r} is not a rule about who sees what."
        elif thing.role and thing.role not in ROLES:
            yield f"{page.name}: the rule “{thing.name}” names the role '{thing.role}', and there is no such role."


def _facts(page: Workflow) -> Iterator[str]:
    """Each fact has a type that can be answered; and each rule finds those that it needs, of the type it takes."""
    declares = page.facts.__name__
    for name, kind in page.declared.items():
        if kind.of not in KINDS:
            yield f"{page.name}: {declares} declares '{name}' as {kind}, which no fact can be."
        if name in page.table.c:
            yield f"{page.name}: {declares} declares '{name}', which is a column of the record."
    for where, one in page.rules():
        for name in one.needs:
            if name not in page.declared:
                yield f"{where}: '{one.name}' needs the fact '{name}', which {declares} does not declare."
            elif one.takes.get(name) != page.declared[name]:
                takes = f"takes the fact '{name}' for {one.takes.get(name, 'nothing')}"
                yield f"{where}: '{one.name}' {takes}, and {declares} declares {page.declared[name]}."


def _columns(page: Workflow) -> Iterator[str]:
    shows = page.shows
    if not shows.shown:
        yield f"{page.name}: it does not say what is shown of a record: name the columns under shows."
    listed = [*INNER, *shows.shown, *shows.staff, *shows.hidden]
    for column in listed:
        if column not in page.table.c:
            yield f"{page.name}: it says who reads the column '{column}', and the table has none."
        elif listed.count(column) > 1:
            yield f"{page.name}: it says twice who reads the column '{column}'."
    for column in page.table.c.keys():  # noqa: SIM118 - a collection of columns gives columns, not names
        if column not in listed:
            yield f"{page.name}: it does not say who reads the column '{column}': name it among shown, staff or hidden."
    for column in shows.guarded:
        if column not in (*shows.shown, *shows.staff):
            yield f"{page.name}: the column '{column}' is guarded, and shown to nobody."


def _sight(page: Workflow) -> Iterator[str]:
    for state in page.not_public:
        if state not in page.states:
            yield f"{page.name}: the state '{state}' is not public, and it is no state."
    if page.not_public and not any(rule.public for rule in page.sees):
        yield f"{page.name}: it says what is not public, and no rule under sees is for the public."


def _zone(page: Workflow) -> Iterator[str]:
    if not page.zone:
        return
    by, above = f"{page.name}: it finds its time zone by the column '{page.zone}'", page.refers(page.zone)
    if page.zone not in page.table.c:
        yield f"{by}, and the table has none."
    elif above is None and kind_of(page.table.c[page.zone]) is not str:
        yield f"{by}, which holds no name of a zone, and refers to nothing."
    elif above is not None and above.name != "programme" and "state" not in above.c:
        yield f"{by}, which refers to something that keeps no clock."


def _calendar(page: Workflow) -> Iterator[str]:
    for moment in page.calendar:
        for column in filter(None, (moment.column, moment.until)):
            if column not in page.table.c:
                yield f"{page.name}: the calendar has the column '{column}', and the table has none."
            elif kind_of(page.table.c[column]) is not datetime:
                yield f"{page.name}: the calendar has the column '{column}', which holds no moment."
            elif column in page.shows.hidden:
                yield f"{page.name}: the calendar has the column '{column}', which nobody reads."
        if not moment.words:
            yield f"{page.name}: the calendar does not say what the column '{moment.column}' is."


def kind_of(column: Any) -> Any:
    """What a column holds; our own type of datetimes stands for the one it wraps."""
    return getattr(column.type, "impl_instance", column.type).python_type
