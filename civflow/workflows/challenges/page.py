"""Challenge: from a public body's problem to a product in use; the middle is compiled from the programme's stages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from civflow.models import Challenge
from civflow.workflows.challenges import letters
from civflow.workflows.challenges.readiness import (
    APPROVED,
    BEING_DRAFTED,
    COMMENTERS,
    OWNERS,
    WAITS_FOR_APPROVAL,
    WITHDRAWN,
    a_scorer_before_the_approval,
    announcing,
    drafting,
    the_dates_are_set,
    to_answer,
    to_write,
)
from civflow.workflows.challenges.rules import (
    ChallengeFacts,
    a_change_is_being_written,
    a_change_is_handed_in,
    a_changed_sum_is_approved_by_another,
    a_changed_sum_is_within_the_budget,
    a_contract_is_signed,
    it_has_a_source,
    it_is_known,
    it_is_public,
    its_round_does_not_run,
    its_seal_has_not_opened,
    no_change_is_being_written,
    no_gate_has_started,
    no_team_has_won,
    the_change_differs,
    the_change_is_not_handed_in,
    the_changed_text_is_complete,
    the_last_moment_for_questions_fits,
    the_new_closing_date_is_later,
    the_round_is_open,
    the_round_outlasts_the_call,
    the_round_takes_challenges,
    your_limit_covers_a_changed_sum,
)
from civflow.workflows.engine import (
    Ask,
    Case,
    Columns,
    Comments,
    Followed,
    Line,
    Moment,
    Rule,
    State,
    Step,
    Workflow,
    keeps,
)
from civflow.workflows.engine.endings import Ends, Entries
from civflow.workflows.programme import Programme, Stage, read_programme, shipped_programmes
from civflow.workflows.rules import (
    STAFF,
    by_itself,
    its_seal_is_open,
    the_approver,
    the_challenge_owner,
    the_challenge_writer,
    the_programme_manager,
)

__all__ = ["OWNERS", "challenge", "challenge_workflow", "compile_challenge"]


CHANGE = "/challenges/{slug}/change"
TO_PUBLISH = Line("Publish the change of {record}, or drop it", when=(a_change_is_handed_in,), path=f"{CHANGE}/publish",
                  detail="The sponsor asks for it to be published.")
TO_DROP = Line("Drop the change of {record}", step="drop_change", when=(a_change_is_handed_in,),
               detail="The call has closed before it was published.")
NEW_CLOSING = Ask("closes_at", "New closing date and time", "moment", "The deadline moves for everybody.")
NEW_LAST_QUESTIONS = Ask("questions_until", "Questions can be asked until", "moment", "It moves for everybody.")


OVER: Entries = {
    "slot": "cancel",
    "place": ("end", "take_offer_back"),
    "assignment": "withdraw",
    "application": "not_select",
    "question": "decline",
    "live_session": "cancel",
    "challenge": keeps("A copy is a challenge of its own."),
    "gate": keeps("What was decided, and how far the rest had come, stays to be read."),
    ("sprint", "deliverable"): keeps("What was planned and done stays to be read; it ends with its place."),
}
ENDS: Ends = {
    "completed": {"agreement": "fall_away", **OVER},
    "cancelled": {"agreement": ("fall_away", "dissolve"), **OVER},
    "withdrawn": {
        "challenge": keeps("A copy is a challenge of its own."),
        "gate": keeps("It waits with its challenge, which can be restored as a draft."),
        "live_session": "cancel",
        ("question", "application", "assignment", "slot", "place", "agreement", "sprint", "deliverable"):
            keeps("There is none: a challenge is withdrawn before its call opens."),
    },
}


def compile_challenge(programme: Programme) -> Workflow:
    """The challenge's workflow under one programme: drafting, the call, one state per stage, and the ends."""
    return Workflow(
        "challenge",
        Challenge,
        facts=ChallengeFacts,
        scope=True,
        title="{reference} {title}",
        short="{title}",
        path="/challenges/{slug}",
        zone="programme_id",
        begun_by=OWNERS,
        begin_requires=(the_round_takes_challenges,),
        sentence="From a public body's problem to a product in use.",
        sees=(it_is_public, *STAFF, the_challenge_writer, a_scorer_before_the_approval),
        comments=Comments(
            read=COMMENTERS, write=COMMENTERS, told=("challenge_owner", "challenge_writer"), path="/challenges/{slug}/edit",
            letter="draft_comments", says="Only those who write or approve the draft read them. They are never published.",
        ),
        calendar=(
            Moment("opens_at", "Opens", name="opens"),
            Moment("closes_at", "Closes", name="closes"),
            Moment("decision_promised_at", "First decisions promised by", name="decision"),
        ),
        followed=Followed(
            by=(it_is_known, *STAFF, the_challenge_writer),
            when="a date moves, the text changes, a question is answered, or there is a result",
            says="You are told when it opens, when its text changes or a date moves, when a question is answered, when it "
            "closes, and when there is a result.",
        ),
        not_public=(*BEING_DRAFTED, *WAITS_FOR_APPROVAL, *APPROVED, *WITHDRAWN),
        shows=Columns(
            shown=("since", "round_id", "sponsor_id", "reference", "title", "question", "money_pounds", "opens_at",
                   "closes_at", "questions_until", "decision_promised_at", "notice_reference", "announce_at", "announced",
                   "source_url", "earlier_result", "themes", "place", "sponsors_in_source"),
            staff=("budget_holder", "route_to_adoption", "sponsor_time", "data_access", "exit_if_too_expensive",
                   "reply_promised_at", "low_score_reason", "copied_from_id"),
            hidden=("programme_id", "slug", "version", "review"),
        ),
        states=[*_states(programme)],
        steps=[
            *drafting(programme),
            *announcing(),
            *_calling(),
            *_changing(),
            *_stages(programme),
            *_ending(programme),
        ],
        ends=ENDS,
        checks_states=False,  # the table programme_state is the last judge: states differ by programme
    )


@cache  # without a limit: a clock that walks more programmes than it holds would compile each of them at every tick
def challenge_workflow(source: str) -> Workflow:
    """The compiled workflow of a programme file's text, made once per text."""
    return compile_challenge(read_programme(source).programme)


def _states(programme: Programme) -> Iterator[State]:
    yield State("draft", "The sponsor writes.", public="Not public yet", tone="waiting", waits_for=to_write("Finish the draft of"))
    yield State("in_review", "The programme office reads it.", public="Not public yet", tone="waiting",
                waits_for=to_answer(programme))
    yield State("changes_requested", "The sponsor changes what the programme office asked for.", tone="stopped",
                waits_for=to_write("Change"))
    yield State("approved", "It opens at its time.", public="Opens soon", tone="active")
    yield State("open", "Teams ask and apply.", public="Open for applications", future="Open call", tone="done",
                waits_for={the_programme_manager: TO_PUBLISH})
    yield State("closed", "The deadline has passed; the selection is being prepared.", public="Closed for applications",
                waits_for={by_itself: "The last deadline passes, and the first stage begins",
                           the_programme_manager: TO_DROP})
    for stage in programme.flow[1:]:
        sentence = stage.sentence or f"The stage “{stage.title}” runs."
        yield State(stage.id, sentence, label=stage.title, public=stage.title, future=stage.title, tone="active",
                    **_at_its_end(programme, stage))
    yield State("completed", "It has come to its end.", public="Finished", final=True)
    yield State("withdrawn", "The sponsor has withdrawn it.", public="Withdrawn", final=True)
    stopped = "It was stopped, and everybody was told why."
    yield State("cancelled", stopped, public="Cancelled", final=True, tone="stopped")


def _at_its_end(programme: Programme, stage: Stage) -> dict[str, Any]:
    """Whom a stage waits for: a gate for its result; and when no team works any more, the office goes on."""
    following = programme.after(stage)
    if stage.kind == "gate" and following:
        return {"waits_for": {by_itself: "The result is released"}}
    if stage.kind != "work":
        return {"live": True}
    words = f"Begin the stage “{following.title}” of {{record}}" if following else "Complete {record}"
    step = f"begin_{following.id}" if following else "complete"
    return {"live": True, "waits_for": {the_programme_manager: Line(words, step=step)}}


def _calling() -> Iterator[Step]:
    yield Step("open", "approved", "open", by=the_programme_manager, due="opens_at", locks=("round",),
               requires=(the_round_is_open, the_dates_are_set),
               then=("publish_the_text", "make_the_brief", "set_the_last_moment_for_questions"),
               fixes=("the_first_text",), tells=letters.OPEN,
               label="Open the call", says="The challenge becomes public, and teams can apply.")
    yield Step("extend", "open", "open", by=the_programme_manager, reason=True, asks=(NEW_CLOSING,),
               requires=(its_seal_has_not_opened, the_new_closing_date_is_later, the_round_outlasts_the_call),
               then=("move_the_deadline", "move_the_last_moment_for_questions", "make_the_brief"),
               tells=letters.CLOSING_MOVED, path="/challenges/{slug}/deadline", on_its_page=True, publishes_reason=True,
               label="Move the closing date",
               says="It moves for everybody, and the last moment for questions with it. Every team with a draft is told.",
               undo="No. The closing date only moves to a later one, and it can be moved again.")
    yield Step("move_questions", "open", "open", by=OWNERS, reason=True, publishes_reason=True,
               asks=(NEW_LAST_QUESTIONS,),
               requires=(the_last_moment_for_questions_fits,), tells=letters.QUESTIONS_MOVED,
               label="Move the last moment for questions",
               says="It moves for everybody, and the public reads your reason. Every team with a draft is told.",
               undo="No. It can be moved again.")
    yield Step("close", "open", "closed", by=by_itself, due="closes_at",
               then=("take_in_the_applications",), tells=letters.CLOSED,
               label="Close the call", says="Applications are opened to the programme office.")
    yield Step("reopen", "closed", "open", by=the_programme_manager, reason=True, asks=(NEW_CLOSING,),
               requires=(its_seal_has_not_opened, the_new_closing_date_is_later, the_round_outlasts_the_call,
                         no_gate_has_started),
               then=("move_the_deadline", "move_the_last_moment_for_questions", "make_the_brief"),
               tells=letters.CLOSING_MOVED, path="/challenges/{slug}/deadline", on_its_page=True, publishes_reason=True,
               label="Reopen the call",
               says="Teams can apply again. Every application stays sealed until the new last deadline.")


def _changing() -> Iterator[Step]:
    """What has been published changes only as a new version, which is written beside it."""
    yield Step("change", "open", "open", by=OWNERS, reason=True, requires=(no_change_is_being_written,),
               then=("begin_the_change",), path=CHANGE, on_its_page=True, quiet=True, label="Change the published text",
               says="A new version is written beside the published one. Nobody is told before it is published.",
             undo="Yes: “Drop the change”, with a reason.")
    yield Step("write_change", "open", "open", by=OWNERS, requires=(a_change_is_being_written,),
               path=CHANGE, on_its_page=True, quiet=True, label="Write the change",
               says="Only the sponsor and the programme office read it.")
    yield Step("hand_in_change", "open", "open", by=the_challenge_owner,
               requires=(a_change_is_being_written, the_change_is_not_handed_in, the_change_differs,
                         the_changed_text_is_complete),
               tells={"the_programme_managers": letters.CHANGE_HANDED_IN}, path=CHANGE, quiet=True,
               label="Ask for the change to be published",
               says="The programme office is asked to look at it. It stands on its home page until it is published or dropped.",
             undo="Yes: “Drop the change”, until it is published. You can write on in it meanwhile.")
    yield Step("publish_change", "open", "open", by=(the_programme_manager, the_approver), locks=("round",),
               requires=(a_change_is_being_written, the_change_differs, the_changed_text_is_complete,
                         a_changed_sum_is_within_the_budget, your_limit_covers_a_changed_sum,
                         a_changed_sum_is_approved_by_another),
               then=("publish_the_change", "make_the_brief", "tell_of_the_change"), fixes=("the_changed_text",),
               path="/challenges/{slug}/change/publish", on_its_page=True, publishes_reason=True,
               label="Publish the change",
               says="Followers and every applicant are told at once. Drafts must acknowledge it.",
             undo="No. Everybody is told at once; another change can be published later.")
    for state in ("open", "closed"):
        yield Step("drop_change", state, state, by=OWNERS, reason=True, requires=(a_change_is_being_written,),
                   then=("drop_the_change",), quiet=True, label="Drop the change",
                   says="The published text stays as it is. The words of the change are kept in the record.",
             undo="No. The words are kept in the record, and a new change can be begun.")


def _stages(programme: Programme) -> Iterator[Step]:
    """A step into each stage, and one back from it."""
    stage = programme.after(programme.call)
    before, state = programme.call, "closed"
    while stage:
        yield Step(f"begin_{stage.id}", state, stage.id, by=(the_programme_manager, by_itself),
                   requires=_finished(before), then=("begin_the_stage", "draft_the_contracts"), label=f"Begin the stage {stage.title}",
                   says=stage.sentence or f"The stage “{stage.title}” begins.")
        yield Step(f"leave_{stage.id}", stage.id, state, by=the_programme_manager, reason=True,
                   label=f"Go back from the stage {stage.title}",
                   says="The challenge stands one stage earlier. Nothing is deleted.")
        before, state = stage, stage.id
        stage = programme.after(stage)


def _finished(stage: Stage) -> tuple[Rule, ...]:
    """What must be true before a challenge leaves this stage forwards."""
    if stage.kind == "call":
        return (its_seal_is_open,)
    if stage.kind == "gate":
        return (_is_released(stage.id, stage.title),)
    if stage.kind == "work":
        return (_is_worked_through(stage.id, stage.title),)
    if stage.kind == "award":
        return (a_contract_is_signed,)
    return ()


@lru_cache
def _is_released(stage: str, title: str) -> Rule:
    def claim(case: Case[ChallengeFacts]) -> bool:
        return stage in case.facts.released_gates

    return Rule(f"{stage}_is_released", f"The result of “{title}” is released.", claim, ("released_gates",))


@lru_cache
def _is_worked_through(stage: str, title: str) -> Rule:
    def claim(case: Case[ChallengeFacts]) -> bool:
        return stage not in case.facts.running_stages

    return Rule(f"{stage}_is_finished", f"No team is still working in “{title}”.", claim, ("running_stages",))


def _ending(programme: Programme) -> Iterator[Step]:
    stages = [s.id for s in programme.stages[1:]]
    last = next(s for s in programme.stages if programme.after(s) is None)
    yield Step("complete", last.id, "completed", by=the_programme_manager, requires=_finished(last),
               tells=letters.COMPLETED, label="Complete the challenge", says="The challenge becomes part of the archive.")
    yield Step("end_without_winner", ("closed", *(s for s in stages if s != last.id)), "completed",
               by=the_programme_manager, reason=True, decides=True, requires=(its_seal_is_open, no_team_has_won),
               tells=letters.NO_WINNER,
               label="End without a winner", says="Every team still in the selection is told why.")
    yield Step("file_as_past", "draft", "completed", by=the_programme_manager, requires=(it_has_a_source, its_round_does_not_run),
               locks=("round",),
               then=("keep_it_findable",), aside=True, label="File as an earlier challenge",
               says="It is shown in the archive with its source.")
    yield Step("resume", "completed", last.id, by=the_programme_manager, reason=True, locks=("round",),
               then=("keep_it_findable",), label="Resume the challenge",
               says="It stands at its last stage again.")
    yield Step("withdraw", ("draft", "in_review", "changes_requested", "approved"), "withdrawn", by=OWNERS,
               reason=True, tells=letters.WITHDRAWN, locks=("round",),
               path="/challenges/{slug}/withdraw", label="Withdraw the challenge", says="It is not shown to the public.")
    yield Step("restore", "withdrawn", "draft", by=OWNERS, reason=True, locks=("round",), label="Restore as a draft",
               says="The sponsor can go on writing.")
    yield Step("cancel", ("approved", "open", "closed", *stages), "cancelled", by=the_programme_manager, reason=True,
               decides=True, tells=letters.CANCELLED, path="/challenges/{slug}/cancel", publishes_reason=True, label="Cancel the challenge",
               says="Every applicant and the public read your reason.")


challenge = challenge_workflow(shipped_programmes()["civtech"].source)
