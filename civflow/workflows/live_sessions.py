"""Live session: people ask about a challenge, the sponsor answers aloud, and a recording stays for everybody."""

from civflow.models import LiveSession
from civflow.workflows.engine import Ask, Case, Columns, Facts, Letter, News, State, Step, Tells, Workflow, rule
from civflow.workflows.questions import ANSWERING
from civflow.workflows.rules import OFFICE, by_itself


class LiveSessionFacts(Facts):
    rehearsal: bool
    challenge_version: int


@rule("It begins in the future, and ends after it begins.")
def its_time_lies_ahead(case: Case) -> bool:
    """A step that gives no new time speaks of the one that stands."""
    begins = case.inputs.get("starts_at") or case.record.starts_at
    ends = case.inputs.get("ends_at") or case.record.ends_at
    return bool(case.now < begins < ends)


@rule("It has begun.")
def the_session_has_begun(case: Case) -> bool:
    return bool(case.now >= case.record.starts_at)


@rule("It has a place, or a link for those who come online.")
def it_is_somewhere(case: Case) -> bool:
    inputs, record = case.inputs, case.record
    return bool(inputs.get("place", record.place) or inputs.get("link", record.link))


@rule("Its links begin with https:// or http://.")
def its_links_are_addresses(case: Case) -> bool:
    links = (case.inputs.get(name, getattr(case.record, name)) for name in ("link", "recording"))
    return all(not link or link.startswith(("https://", "http://")) for link in links)


@rule("Its challenge has been published, and its round is not a rehearsal.", needs=("rehearsal", "challenge_version"),
      public=True)
def its_challenge_is_public(case: Case[LiveSessionFacts]) -> bool:
    return case.facts.challenge_version > 0 and not case.facts.rehearsal


TO_COME = ("scheduled",)  # sessions that can be changed
CANCELLED = ("cancelled",)
BEGINS = Ask("starts_at", "Begins", "moment")
ENDS = Ask("ends_at", "Ends", "moment")
RECORDING = Ask("recording", "Link to the recording", "line", "The address of the page where people watch it.",
                read_by="Everybody reads it, also the public.")
WHERE = (
    Ask("title", "What it is called", "line", "Such as “Meet the sponsor”.", read_by="Everybody reads it, also the public."),
    BEGINS,
    ENDS,
    Ask("place", "Place", "line", "The address, for those who come.", required=False, read_by="Everybody reads it, also the public."),
    Ask("link", "Link", "line", "The address of the meeting, for those who come online.", required=False,
        read_by="Everybody reads it, also the public."),
)
TO_ALL: Tells = {
    "those_with_an_application": Letter(template="live_session", words="when_and_where_the_session_is"),
    "the_followers": News("session", words="when_and_where_the_session_is"),
}

live_session = Workflow(
    "live_session",
    LiveSession,
    facts=LiveSessionFacts,
    called="Live session",
    title="“{title}” about {challenge}",
    path="/sessions/{id}",
    begun_by=ANSWERING,
    begin_requires=(its_time_lies_ahead, it_is_somewhere, its_links_are_addresses),
    sentence="People ask about a challenge, the sponsor answers aloud, and a recording stays for everybody.",
    sees=(its_challenge_is_public, *OFFICE),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "title", "starts_at", "ends_at", "place", "link", "recording"),
    ),
    states=[
        State("scheduled", "It takes place at its time.", tone="waiting"),
        State("held", "It took place.", final=True, tone="done"),
        State("cancelled", "It does not take place, for the reason given.", final=True, tone="stopped"),
    ],
    steps=[
        Step("change", "scheduled", "scheduled", by=ANSWERING, asks=WHERE,
             requires=(its_time_lies_ahead, it_is_somewhere, its_links_are_addresses),
             tells=TO_ALL, label="Change the session",
             says="Followers, and everybody with a draft, are told what is new."),
        Step("end", "scheduled", "held", by=ANSWERING, due="ends_at",
             requires=(the_session_has_begun,), label="Record that it took place",
             says="A link to the recording can be added."),
        Step("add_recording", "held", "held", by=ANSWERING, asks=(RECORDING,), requires=(its_links_are_addresses,),
             tells=TO_ALL, label="Add the recording",
             says="Everybody finds the link on the challenge's page. Followers, and everybody with a draft, are told."),
        Step("cancel", "scheduled", "cancelled", by=(*ANSWERING, by_itself), reason=True, publishes_reason=True,
             tells=TO_ALL, label="Cancel the session",
             says="Everybody reads your reason. Followers, and everybody with a draft, are told."),
        Step("schedule_again", ("held", "cancelled"), "scheduled", by=ANSWERING, reason=True,
             publishes_reason=True, asks=(BEGINS, ENDS), requires=(its_time_lies_ahead,), tells=TO_ALL,
             label="Schedule it again", says="It takes place at its new time. Followers, and everybody with a draft, are told."),
    ],
)
