"""What single keys of a programme file cannot show: unknown names, dead stages, growing caps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from zoneinfo import available_timezones

from civflow.workflows.programme.schema import Programme, Scorecard, Scoring, Stage

Path = tuple[str | int, ...]  # where a key stands: the keys and positions that lead to it
Fault = tuple[Path, str]

# Every challenge has these states beside its stages; workflows/challenges/page.py draws them.
RESERVED = (
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "open",
    "closed",
    "completed",
    "withdrawn",
    "cancelled",
)


def disagreements(programme: Programme) -> Iterator[Fault]:
    """Where the parts of a programme do not fit each other: the place and a sentence for each."""
    return chain(
        _unknown_zone(programme),
        _unknown_parts(programme),
        _bad_stages(programme),
        _no_time_for_questions(programme),
        _bad_lengths(programme),
        _bad_late_access(programme),
        _bad_order(programme),
        _bad_caps(programme),
        _bad_scorecards(programme),
        _said_twice(programme),
    )


def _unknown_zone(programme: Programme) -> Iterator[Fault]:
    if programme.timezone not in available_timezones():
        yield ("timezone",), f"There is no time zone '{programme.timezone}'; write one such as Europe/London."


def _unknown_parts(programme: Programme) -> Iterator[Fault]:
    for position, stage in enumerate(programme.stages):
        if stage.form and stage.form not in programme.forms:
            yield ("stages", position, "form"), f"There is no form '{stage.form}' in this file."
        if stage.scorecard and stage.scorecard not in programme.scorecards:
            yield ("stages", position, "scorecard"), f"There is no scorecard '{stage.scorecard}' in this file."


def _bad_stages(programme: Programme) -> Iterator[Fault]:
    for position, stage in enumerate(programme.stages):
        here: Path = ("stages", position)
        if stage.id in RESERVED:
            yield (*here, "id"), f"'{stage.id}' is a state that every challenge has; call the stage something else."
        if (stage.kind == "call") != (position == 0):
            yield (*here, "kind"), "The first stage is the call, and there is only one call."
        if stage.kind == "call" and not stage.form:
            yield here, "A call needs a form: the questions that applicants answer."
        if stage.kind == "gate" and not (stage.scorecard and stage.panel and stage.cap):
            yield here, "A gate needs a cap, a scorecard and a panel."
    if not programme.gates:
        yield ("stages",), "No stage is a gate: nobody would decide who goes on."


def _no_time_for_questions(programme: Programme) -> Iterator[Fault]:
    call, before = programme.call, programme.questions.before_closing
    length = min(call.shortest or call.length, call.length)
    if before >= length:
        lasts = "may last" if length < call.length else "lasts"
        yield (
            ("questions", "last_asked"),
            (
                f"The call {lasts} {length.days} days, and the last question is asked {before.days} days before it closes: "
                "nobody could ask."
            ),
        )


def _bad_late_access(programme: Programme) -> Iterator[Fault]:
    """The seal of a call opens before its applications are decided on."""
    call, first = programme.call, programme.after(programme.call)
    if first and first.kind == "gate" and call.late_access >= first.length:
        yield (
            ("stages", 0, "late_access_hours"),
            (
                f"The seal opens {call.late_access_hours} hours after the last deadline, and “{first.title}” lasts "
                f"{first.length.days} days: nobody could decide."
            ),
        )


def _bad_lengths(programme: Programme) -> Iterator[Fault]:
    """The least and the most that a stage lasts are a call's, and what it usually lasts lies between them."""
    for position, stage in enumerate(programme.stages):
        for key, bound in (("lasts_at_least", stage.shortest), ("lasts_at_most", stage.longest)):
            where: Path = ("stages", position, key)
            if bound and stage.kind != "call":
                yield where, "Only a call has a least and a most: every challenge sets its own dates for it."
            elif bound and (bound > stage.length if key == "lasts_at_least" else bound < stage.length):
                side = "least" if key == "lasts_at_least" else "most"
                yield where, f"The call lasts {stage.length.days} days; at {side} {bound.days} days does not fit that."


def _bad_order(programme: Programme) -> Iterator[Fault]:
    """Stages that are called the same, that go on to nothing, in a circle, or to which nothing leads."""
    ids = [s.id for s in programme.stages]
    twice = [p for p, name in enumerate(ids) if name in ids[:p]]
    lost = [p for p, s in enumerate(programme.stages) if s.then and s.then not in ids]
    for position in twice:
        yield ("stages", position, "id"), f"Two stages are called '{ids[position]}'."
    for position in lost:
        yield ("stages", position, "then"), f"There is no stage '{programme.stages[position].then}' to go on to."
    if not twice and not lost:
        yield from _dead_stages(programme, ids)


def _dead_stages(programme: Programme, ids: list[str]) -> Iterator[Fault]:
    reached: list[str] = []
    stage: Stage | None = programme.call
    while stage:
        reached.append(stage.id)
        following = programme.after(stage)
        if following and following.id in reached:
            where: Path = ("stages", ids.index(stage.id), "then")
            yield where, f"The stages go round in a circle: '{stage.id}' goes back to '{following.id}'."
            return
        stage = following
    for position, name in enumerate(ids):
        if name not in reached:
            yield ("stages", position), f"No stage leads to '{name}': it is dead. Remove it, or name it in a 'then'."


def _bad_caps(programme: Programme) -> Iterator[Fault]:
    smallest: tuple[int, str] | None = None
    for position, stage in enumerate(programme.stages):
        if stage.cap is None:
            continue
        if smallest and stage.cap > smallest[0]:
            least, name = smallest
            sentence = f"The cap grows from {least} at '{name}' to {stage.cap}: a funnel only narrows."
            yield ("stages", position, "cap"), sentence
        else:
            smallest = stage.cap, stage.id


def _bad_scorecards(programme: Programme) -> Iterator[Fault]:
    if programme.readiness.scoring:
        yield from _bad_scores(("readiness", "scoring"), programme.readiness.scoring)
    for name, card in programme.scorecards.items():
        here: Path = ("scorecards", name)
        yield from _bad_scores(here, card)
        known = [c.id for c in card.criteria]
        for position, tie in enumerate(card.ties):
            if tie not in known:
                yield (*here, "ties", position), f"There is no criterion '{tie}' to break a tie with."


def _bad_scores(here: Path, card: Scorecard | Scoring) -> Iterator[Fault]:
    """Weights that do not sum to 100, and a scale without steps or with a word too few."""
    total = sum(c.weight for c in card.criteria)
    if total != 100:
        yield (*here, "criteria"), f"The weights sum to {total}; they must sum to 100."
    if card.scale.most <= card.scale.least:
        yield (*here, "scale"), "The scale's most must be larger than its least."
    steps = card.scale.most - card.scale.least + 1
    if card.scale.words and len(card.scale.words) != steps:
        sentence = f"The scale has {steps} steps and {len(card.scale.words)} words; each step needs one."
        yield (*here, "scale", "words"), sentence


def _said_twice(programme: Programme) -> Iterator[Fault]:
    """Questions, sections and criteria that have the same id: one would hide the other."""
    lists: list[tuple[Path, list[str]]] = [(("brief",), [s.id for s in programme.brief])]
    lists += [(("forms", name, "questions"), [q.id for q in form.questions]) for name, form in programme.forms.items()]
    lists += [
        (("scorecards", name, "criteria"), [c.id for c in card.criteria]) for name, card in programme.scorecards.items()
    ]
    if programme.readiness.scoring:
        lists.append((("readiness", "scoring", "criteria"), [c.id for c in programme.readiness.scoring.criteria]))
    for where, ids in lists:
        for position, name in enumerate(ids):
            if name in ids[:position]:
                yield (*where, position, "id"), f"'{name}' stands here twice; one would hide the other."
