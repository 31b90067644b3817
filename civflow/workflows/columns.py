"""What readers are shown of a record's columns: a column that is not named here is shown to nobody."""

from __future__ import annotations

from typing import NamedTuple


class Columns(NamedTuple):
    """The columns of a noun: whoever may see the record reads `shown`, staff `staff` too, and nobody `hidden`."""

    shown: tuple[str, ...]
    staff: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


# What the record is made of, which its page shows in other words: its state, its history and its own address.
INNER = ("id", "state", "revision", "head")

COLUMNS: dict[str, Columns] = {
    "round": Columns(
        shown=("since", "title", "starts_at", "ends_at"), staff=("rehearsal", "budget_pounds"),
        hidden=("programme_id", "slug"),
    ),
    "challenge": Columns(
        shown=("since", "round_id", "sponsor_id", "reference", "title", "question", "money_pounds", "opens_at", "closes_at",
               "questions_until", "decision_promised_at", "notice_reference", "announce_at", "announced", "source_url",
               "earlier_result", "themes", "place", "sponsors_in_source"),
        staff=("budget_holder", "route_to_adoption", "sponsor_time", "data_access", "exit_if_too_expensive",
               "reply_promised_at", "low_score_reason", "copied_from_id"),
        hidden=("programme_id", "slug", "version", "review"),
    ),
    "question": Columns(
        shown=("since", "round_id", "challenge_id", "asked_at", "answer_promised_at", "number", "text", "wording", "answer",
               "published_at"),
        staff=("asked_by_id", "drafted_by_id", "cleared_by_id", "merged_into_id", "portal_reference"),
        hidden=("version_id",),
    ),
    "live_session": Columns(
        shown=("since", "round_id", "challenge_id", "title", "starts_at", "ends_at", "place", "link", "recording"),
    ),
    "team": Columns(
        shown=("since", "name", "lead_id", "organisation_id", "about", "looking_for"), hidden=("alone_id",),
    ),
    "membership": Columns(shown=("since", "team_id", "person_id", "respond_by", "joined_at")),
    "application": Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "reference", "title", "stage", "closes_at", "sealed_until",
               "extension_reason", "submitted_at"),
        hidden=("challenge_version", "answers", "complete"),
    ),
    "gate": Columns(
        shown=("since", "round_id", "challenge_id", "stage", "cap", "going_on", "number_reason", "resubmit_by",
               "scoring_due_at", "proceed_reason", "approved_at", "released_at"),
        staff=("stake_pounds", "approved_by_id"),
        hidden=("criteria", "scale_least", "scale_most"),
    ),
    "assignment": Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "assessor_id", "side", "respond_by",
               "due_at", "declared_at", "decline_why", "comment", "submitted_at"),
        hidden=("gate_id",),
    ),
    "slot": Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "starts_at", "ends_at", "where", "attended"),
        hidden=("gate_id",),
    ),
    "place": Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "stage", "money_pounds", "respond_by",
               "starts_at", "begun_at", "ends_at"),
    ),
    "agreement": Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "stage", "price_pounds", "starts_at",
               "ends_at", "standstill_ends_at", "team_signed_at", "team_signed_by_id", "sponsor_signed_at",
               "sponsor_signed_by_id"),
        hidden=("place_id", "document_id"),
    ),
    "sprint": Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "number", "goal", "starts_at", "ends_at"), hidden=("place_id",),
    ),
    "deliverable": Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "title", "done_when", "due_at", "note", "submitted_at",
               "accepted_at"),
        hidden=("place_id", "sprint_id"),
    ),
    "message": Columns(
        shown=("since", "person_id", "subject", "body", "about", "not_before", "attempts", "sent_at"), staff=("address",),
        hidden=("key", "document_id", "unsubscribe"),  # the last ends messages for whoever has it
    ),
}


def columns_shown(noun: str, *, staff: bool) -> frozenset[str]:
    """The names of the columns of a noun that somebody who may see the record reads."""
    columns = COLUMNS[noun]
    return frozenset(columns.shown + (columns.staff if staff else ()))
