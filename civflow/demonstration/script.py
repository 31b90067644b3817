"""The script: every act of the demonstration with its moment, in the order of time.

One round is played to its end; in a second round challenges stand at every other stage, so that each role has
something to do. All is deterministic: the same seed and the same end give the same acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from civflow.demonstration import asking, calls, cast, gates, readying, together, words, work
from civflow.demonstration.play import Act, Scene
from civflow.demonstration.words import team_names
from civflow.models import Programme
from civflow.services.challenges.archive import Row, import_rows, shipped_rows
from civflow.services.challenges.calendar import in_working_days
from civflow.services.engine.deadlines import take_due_steps
from civflow.services.people import invented
from civflow.workflows.engine import Actor, RoleHeld
from civflow.workflows.programme import shipped_programmes

UK = ZoneInfo("Europe/London")
OWN_TEAM = "Meridian Otter Works"
CALL = 42  # days that a call is open
WEEK = timedelta(days=7)
WRITTEN_TOGETHER = 25  # the row of the draft on which two people of two bodies work
SENT, APPROVED = timedelta(days=14), timedelta(days=9)  # before the day from which an opening is drawn
LENGTH = 215  # days from a call's opening to the signed contract


@dataclass(frozen=True)
class Show:
    """One challenge of the demonstration: its row of the table, when it opens, how many apply, and its turns."""

    row: int
    opens: float  # days before the end of the story; negative: after it
    applicants: int
    slug: str = "demonstration"
    principal: bool = False  # owned by the demonstration's own challenge owner
    winners: int = 1
    declines: bool = False
    changes: bool = False
    drafts: int = 0
    own: str = ""  # what the demonstration's own innovator does: apply or draft
    always: tuple[str, ...] = ()  # who must sit on the panel of the sift
    new_version: bool = False  # its text and its deadlines change while it is open
    scores: tuple[int | None, ...] = ()  # of those who were named to score the challenge before its approval
    sent_back: bool = False  # changes are asked for in it, and not all are dealt with
    stops: str = ""  # the act before which the story of this challenge stands still


FULL = (
    Show(40, LENGTH + 9, 37, principal=True, own="apply"),
    Show(41, LENGTH + 8, 29, winners=2),
    Show(43, LENGTH + 8, 15),
    Show(44, LENGTH + 7, 5),
    Show(36, LENGTH + 6, 22, declines=True),
    Show(22, LENGTH + 5, 24, changes=True),
    Show(23, LENGTH + 4, 12),
    Show(15, LENGTH + 3, 18),
    Show(8, LENGTH + 2, 20, always=(invented.ASSESSOR,)),
)
RUNNING = (
    Show(16, 42 + 13 + 9 + 7, 7, "running", principal=True, own="apply"),
    Show(10, 42 + 13, 8, "running", stops="sift release"),
    Show(17, 42 + 6, 9, "running", always=(invented.ASSESSOR,)),
    Show(18, 29, 6, "running", principal=True, drafts=2, own="draft", new_version=True),
    Show(54, -8, 0, "next"),
    Show(26, -9.6, 0, "running", principal=True, scores=(2, 3)),
    Show(24, -9.6, 0, "running", scores=(None, 2)),
    Show(51, -9.6, 0, "running", principal=True, scores=(1, 1), sent_back=True),
    Show(25, -20, 0, "running", principal=True),
)


def story_end(now: datetime) -> datetime:
    """Thursday at 10, UK time, the last one: the story then has the same weekdays, and so the same counts, every day."""
    local = now.astimezone(UK)
    thursday = local.date() - timedelta(days=(local.weekday() - 3) % 7)
    end = datetime.combine(thursday, time(10), UK)
    return (end if end <= local else end - timedelta(days=7)).astimezone(UTC)


def write_script(*, seed: int, end: datetime) -> list[Act]:
    """All acts up to `end`, in the order of their moments; acts that would come later are left out."""
    rows = shipped_rows()
    random = Random(seed)
    names = iter(team_names(random, 400))
    people = list(range(cast.INNOVATORS))
    random.shuffle(people)
    supply = _Supply(names, people)
    first = end - timedelta(days=LENGTH + 60)
    acts = [Act("assemble", first, cast.assemble), Act("archive", first, _archive(rows))]
    for show in (*FULL, *RUNNING):
        acts += _until(show.stops, _challenge(show, rows[show.row], supply, seed, end))
    acts += _together(rows[WRITTEN_TOGETHER], end)
    acts += _ticks(first, end)
    return sorted((a for a in acts if a.at <= end), key=lambda act: act.at)


def _together(row: Row, end: datetime) -> Iterator[Act]:
    """A draft that two people of two bodies write, and a round in which a challenge can be begun."""
    yield Act("another round", _at(end - timedelta(days=20), 9), together.open_another_round)
    yield Act("together writer", end - timedelta(hours=30), together.name_a_writer(row))
    yield Act("together words", end - timedelta(hours=24), together.write_and_comment(row))
    yield Act("together question", end - timedelta(hours=23), together.ask_the_approver(row))


def _archive(rows: list[Row]) -> Any:
    """Every row that is not played is filed as an earlier challenge."""

    def do(scene: Scene) -> None:
        played = {show.row for show in (*FULL, *RUNNING)}
        manager = Actor(
            scene.person(invented.MANAGER).id,
            "Morag Sinclair",
            frozenset({RoleHeld("programme_manager", "site", None)}),
        )
        rest = [row for n, row in enumerate(rows) if n not in played]
        import_rows(scene.session, rest, programme=scene.one(Programme, name="civtech"), actor=manager, now=scene.now)

    return do


def _until(name: str, acts: Iterator[Act]) -> list[Act]:
    """The acts before the one whose name ends so; all of them without a name."""
    found = list(acts)
    last = next((a.at for a in found if name and a.name.endswith(name)), None)
    return [a for a in found if last is None or a.at < last]


@dataclass
class _Supply:
    """Names and people that no team has used yet, and the teams that exist."""

    names: Iterator[str]
    people: list[int]
    teams: list[str] = field(default_factory=list)
    own: bool = False  # whether the demonstration's own innovator has a team

    def take(self, number: int) -> list[int]:
        taken, self.people = self.people[:number], self.people[number:]
        return taken


def _challenge(show: Show, row: Row, supply: _Supply, seed: int, end: datetime) -> Iterator[Act]:
    """The life of one challenge, from the first draft on."""
    key = f"{show.row:02d}"
    random = Random(f"{seed}:{key}")
    drawn = _at(end - timedelta(days=show.opens), 9)  # what comes before an opening is dated from here
    opens = _answered_first(show, drawn, end)
    closes = _at(opens + timedelta(days=CALL), 12)

    def act(name: str, at: datetime, do: Any, **more: Any) -> Act:
        return Act(f"{key} {name}", _office_hours(at), do, **more)

    before = {"principal": show.principal}
    yield act(
        "draft",
        drawn - timedelta(days=40 if show.opens < -15 else 22),
        calls.draft_it(row, show.slug, opens, closes, **before),
    )
    yield act("review", drawn - SENT, calls.review_it(row, **before))
    if show.changes:
        yield act("change", drawn - timedelta(days=12), readying.change_it(row, **before))
    if show.scores:
        yield from readying.acts(row, act, drawn, scores=show.scores, sent_back=show.sent_back, **before)
    if not show.sent_back:
        yield act("approve", drawn - APPROVED, calls.approve_it(row))
    yield Act(f"{key} tick at opening", opens, _tick)
    yield Act(f"{key} tick at closing", closes, _tick)
    if show.applicants:
        yield from _call(show, row, act, opens, closes, supply, random)
        yield from _gates(show, row, act, closes, random)


def _answered_first(show: Show, drawn: datetime, end: datetime) -> datetime:
    """When a call opens: where the story ends before the approval, not before the day on which the answer is promised.

    One that is sent back has another week to be sent again.
    """
    sent, approved = drawn - SENT, drawn - APPROVED
    if not (sent <= end < approved or show.sent_back):
        return drawn
    programme = shipped_programmes()["civtech"].programme
    promised = in_working_days(programme, end + WEEK if show.sent_back else sent, programme.readiness.working_days)
    return max(drawn, _at(promised + timedelta(days=1), 9))


def _call(
    show: Show, row: Row, act: Any, opens: datetime, closes: datetime, supply: _Supply, random: Random
) -> Iterator[Act]:
    """Questions, teams and applications."""
    for number in range(3 if show.opens < CALL else 2):
        yield act(f"question {number}", opens + timedelta(days=4 + 6 * number), calls.ask_it(row, number))
        if number < 2:
            yield act(
                f"answer {number}",
                opens + timedelta(days=7 + 6 * number),
                calls.answer_it(row, number, principal=show.principal),
            )
    yield from _asking(row, act, opens, principal=show.principal)
    if show.drafts:
        longer = _at(closes - timedelta(days=2), 12)
        yield act("longer", opens + timedelta(days=20), asking.ask_for_longer(row, longer, principal=show.principal))
        yield act("last question", opens + timedelta(days=25), asking.ask_words(row, words.QUESTIONS[3][0]))
        yield act(
            "last draft",
            opens + timedelta(days=27),
            asking.draft_it(row, *words.QUESTIONS[3], principal=show.principal),
        )
    fresh = [
        next(supply.names) for _ in range(round(show.applicants * (0.55 if show.slug == "demonstration" else 0.3)))
    ]
    again = random.sample(supply.teams, min(len(supply.teams), show.applicants - len(fresh)))
    fresh += [next(supply.names) for _ in range(show.applicants - len(fresh) - len(again))]
    seats = max(1, len(fresh) // 4) + 3 * (len(fresh) - max(1, len(fresh) // 4))
    people = supply.take(min(seats, 2 * len(fresh)))
    yield act("teams", opens + timedelta(days=2), calls.gather(fresh, people, row))
    supply.teams += fresh
    teams = [*fresh, *again]
    if show.own and not supply.own:
        yield act("own team", opens + timedelta(days=1), calls.gather_own(OWN_TEAM, supply.take(2)))
        supply.own = True
    for name in teams:
        unfinished = teams.index(name) < show.drafts
        writes = act(
            f"writes {name}",
            opens + timedelta(days=5 + random.random() * 30),
            calls.write_it(row, name, part=unfinished),
        )
        yield writes
        if not unfinished:
            sent = writes.at + (closes - writes.at) * (0.2 + 0.78 * random.random())
            yield Act(f"{show.row:02d} submits {name}", sent, calls.submit_it(row, name))
    if show.own:
        yield act("own application", opens + timedelta(days=9), calls.write_it(row, OWN_TEAM, part=show.own == "draft"))
    if show.own == "apply":
        yield act("own submission", opens + timedelta(days=20), calls.submit_it(row, OWN_TEAM))
    if show.new_version:
        yield act("new version", opens + timedelta(days=17), calls.publish_a_change(row, principal=show.principal))
        yield act("new deadline", opens + timedelta(days=18), calls.move_the_closing_date(row, closes + WEEK))
        yield act("more time", opens + timedelta(days=24), calls.give_one_more_time(row, OWN_TEAM, closes + 2 * WEEK))
    if show.applicants > 20:
        yield act("withdrawal", closes - timedelta(days=-1), calls.withdraw_it(row, teams[-1]))


def _asking(row: Row, act: Any, opens: datetime, *, principal: bool) -> Iterator[Act]:
    """A live session, a question that was asked before, and one that is not answered."""
    live = _at(opens + timedelta(days=15), 14)
    yield act("session", opens + timedelta(days=1.5), asking.plan_session(row, live, principal=principal))
    yield act("same question", opens + timedelta(days=8), asking.ask_words(row, words.SAME_AGAIN))
    yield act("merge", opens + timedelta(days=9.2), asking.merge_it(row, principal=principal))
    yield act("odd question", opens + timedelta(days=12), asking.ask_words(row, words.NOT_ANSWERED[0]))
    yield act("decline", opens + timedelta(days=14.2), asking.decline_it(row, principal=principal))
    yield act("recording", live + timedelta(days=1.9), asking.record_session(row, principal=principal))


def _gates(show: Show, row: Row, act: Any, closes: datetime, random: Random) -> Iterator[Act]:
    """Sift, interview, exploration, pitch, accelerator and contract, which runs on when the story ends."""
    day = partial(_later, closes)
    panel = cast.panel(random, 6, always=show.always)
    small = [p for p in panel if p[0] not in show.always][:1] + [p for p in panel if p[1] == "sponsor"][:2]
    small += [p for p in panel if p[1] == "programme" and p not in small][:1]
    yield act("begin sift", day(1.1), gates.begin_it(row, "sift"))
    yield act("seat sift", day(1.2), gates.seat_it(row, "sift", panel))
    yield act("start sift", day(1.3), gates.start_it(row, "sift"))
    for position, (email, _) in enumerate(panel):
        if email != invented.ASSESSOR or show.slug == "demonstration":
            yield act(f"sift answer {email}", day(2 + position / 10), gates.answer_it(row, "sift", email))
            yield act(f"sift score {email}", day(4.2 + position), gates.score_it(row, "sift", email))
    yield act("sift match again", day(3), gates.rematch_it(row, "sift"))
    yield act("sift rest", day(10.4), gates.score_rest(row, "sift"))
    yield from _decide(row, act, "sift", day(11))
    yield from _interview(row, act, "interview", day(13), small, show)
    yield from _work(row, act, "exploration", day(22), 24, show)
    yield act("begin pitch", day(47), gates.begin_it(row, "pitch"))
    yield act("improve", day(48.2), gates.improve_all(row, "pitch"))
    yield from _interview(row, act, "pitch", day(48.4), small, show)
    yield from _work(row, act, "accelerator", day(57), 108, show)
    yield act("demo day", day(167), gates.begin_it(row, "demo_day"))
    yield act("contract", day(168.2), gates.begin_it(row, "contract"), asks_for_documents=True)
    yield act("issue contract", day(169), work.issue_it(row, "contract"), needs_documents=True)
    yield act("sign contract", day(170), work.sign_it(row, "contract", principal=show.principal))


def _decide(row: Row, act: Any, stage: str, at: datetime, going_on: int | None = None, why: str = "") -> Iterator[Act]:
    yield act(f"{stage} moderate", at, gates.moderate_it(row, stage, going_on, why))
    yield act(f"{stage} approve", at + timedelta(days=0.3), gates.approve_it(row, stage))
    yield act(f"{stage} release", at + timedelta(days=1.5), gates.release_it(row, stage))


def _interview(row: Row, act: Any, stage: str, at: datetime, panel: list[tuple[str, str]], show: Show) -> Iterator[Act]:
    """A panel hears the teams and scores; after the pitch more than one may win."""
    day = partial(_later, at)
    yield act(f"{stage} seat", day(0.2), gates.seat_it(row, stage, panel))
    yield act(f"{stage} start", day(0.3), gates.start_it(row, stage))
    for email, _ in panel:
        yield act(f"{stage} answer {email}", day(0.4), gates.answer_it(row, stage, email))
    yield act(f"{stage} match again", day(0.44), gates.rematch_it(row, stage))
    yield act(f"{stage} offer slots", day(0.48), gates.offer_it(row, stage))
    yield act(f"{stage} book", day(1), gates.book_it(row, stage))
    yield act(f"{stage} hold", day(5), gates.hold_it(row, stage))
    for position, (email, _) in enumerate(panel):
        yield act(f"{stage} score {email}", day(5.2 + position / 20), gates.score_it(row, stage, email))
    yield act(f"{stage} rest", day(5.8), gates.score_rest(row, stage))
    two = stage == "pitch" and show.winners > 1
    why = "Both proposals are strong and solve different halves of the challenge." if two else ""
    yield from _decide(row, act, stage, day(6.3), show.winners if two else None, why)


def _work(row: Row, act: Any, stage: str, at: datetime, days: int, show: Show) -> Iterator[Act]:
    day = partial(_later, at)
    principal = show.principal
    declines = show.declines and stage == "exploration"
    yield act(f"{stage} accept", day(0.3), work.accept_it(row, stage, declines=declines), asks_for_documents=True)
    yield act(f"{stage} issue", day(1), work.issue_it(row, stage), needs_documents=True)
    yield act(f"{stage} sign", day(1.4), work.sign_it(row, stage, principal=principal))
    yield act(f"{stage} reserve", day(2), work.release_the_reserve(row))
    yield act(f"{stage} deliver", day(days - 4), work.deliver_it(row, stage, principal=principal))
    for week in range(16, days, 14) if days > 40 else ():
        yield act(f"{stage} deliver {week}", day(week + 1), work.deliver_it(row, stage, principal=principal))
        yield act(f"{stage} sprint {week}", day(week + 1.2), work.finish_sprints(row, stage, principal=principal))
    yield act(f"{stage} last sprint", day(days - 0.6), work.end_sprints(row, stage, principal=principal))
    yield act(f"{stage} complete", day(days - 0.2), work.complete_it(row, stage, principal=principal))


def _later(moment: datetime, days: float) -> datetime:
    return moment + timedelta(days=days)


def _ticks(first: datetime, end: datetime) -> Iterator[Act]:
    """The clock, once an evening and once at the end."""
    evening = _at(first, 18)
    while evening < end:
        yield Act(f"tick {evening:%Y-%m-%d}", evening, _tick)
        evening += timedelta(days=1)
    yield Act("tick at the end", end, _tick)


def _tick(scene: Scene) -> None:
    take_due_steps(scene.session, now=scene.now)


def _at(moment: datetime, hour: int) -> datetime:
    """The full hour, UK time, of a moment's day; Saturdays and Sundays become the Monday."""
    day = moment.astimezone(UK).date()
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    return datetime.combine(day, time(hour), UK).astimezone(UTC)


def _office_hours(moment: datetime) -> datetime:
    """The same day between 9 and 17; a weekend becomes the first hour of Monday. Never changes the order of moments."""
    local = moment.astimezone(UK)
    weekday, share = local.weekday(), (local - datetime.combine(local.date(), time(), UK)) / timedelta(days=1)
    first, hours, day = (10.0, 7.0, local.date()) if weekday == 0 else (9.0, 8.0, local.date())
    if weekday > 4:
        share, first, hours = (weekday - 5 + share) / 2, 9.0, 1.0
        day += timedelta(days=7 - weekday)
    return (datetime.combine(day, time(), UK) + timedelta(hours=first + hours * share)).astimezone(UTC)
