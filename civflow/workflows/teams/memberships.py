"""Membership: a person's place in a team; both sides say yes."""

from civflow.models import Membership
from civflow.workflows.engine import Case, Columns, Facts, Letter, Line, State, Step, Workflow, rule
from civflow.workflows.rules import a_team_member, by_itself, the_auditor, the_programme_manager, the_team_lead


class MembershipFacts(Facts):
    team_state: str
    lead_id: int
    runs_its_challenges: int  # how many of the team's applications are to challenges that the person runs


@rule("It is your own membership.", called="the person", finds=("person_id",))
def the_person(case: Case) -> bool:
    return case.actor.id is not None and case.record.person_id == case.actor.id


@rule("This person does not lead the team; who leads it hands the lead over first.", needs=("lead_id",))
def the_lead_stays(case: Case[MembershipFacts]) -> bool:
    return bool(case.facts.lead_id != case.record.person_id)


@rule("The team invites, and a person asks for themselves.")
def each_side_speaks_for_itself(case: Case) -> bool:
    record, actor = case.record, case.actor
    if actor.automatic:
        return True
    return case.holds("team_lead") if record.state == "invited" else bool(record.person_id == actor.id)


@rule("The team is looking for members.", needs=("team_state",))
def the_team_is_looking(case: Case[MembershipFacts]) -> bool:
    return case.facts.team_state == "forming"


@rule("The person does not run or decide on a challenge to which the team has applied.", needs=("runs_its_challenges",))
def the_person_does_not_run_its_challenge(case: Case[MembershipFacts]) -> bool:
    """An assessor may join: from then on they have a conflict with the team."""
    return case.facts.runs_its_challenges == 0


MEMBERS = ("active",)  # who belongs to the team
INVITATIONS = ("invited",)  # the person has the next word
REQUESTS = ("requested",)  # the lead has the next word

membership = Workflow(
    "membership",
    Membership,
    facts=MembershipFacts,
    title="{person} in {team}",
    path="/teams/{team_id}",
    sentence="A person's place in a team; both sides say yes.",
    sees=(the_person, a_team_member, the_team_lead, the_programme_manager, the_auditor),
    shows=Columns(shown=("since", "team_id", "person_id", "respond_by", "joined_at")),
    begins=("requested",),
    begun_by=(the_team_lead, the_person),
    begin_requires=(each_side_speaks_for_itself, the_team_is_looking),
    states=[
        State("invited", "The team has asked; the person has not answered.", tone="waiting",
              waits_for={the_person: Line("Answer {team}: they invite you", due="respond_by")}),
        State("requested", "The person has asked; the team has not answered.", tone="waiting",
              waits_for={the_team_lead: Line("Answer {person}, who asks to join {team}", due="respond_by")}),
        State("active", "The person works in the team.", tone="done", live=True),
        State("left", "The person has left the team.", final=True),
        State("declined", "One side said no.", final=True),
        State("lapsed", "Nobody answered in time, or the team came to an end before.", final=True),
    ],
    steps=[
        Step("accept", "invited", "active", by=the_person, locks=("person", "team"),
             requires=(the_person_does_not_run_its_challenge,), stamps=("joined_at",), label="Join the team",
             tells={"the_team_lead": Letter("Said yes: {title}",
                                            "{actor} has joined your team, and can read and write in it.")},
             says="You see the team's applications and can write in them."),
        Step("admit", "requested", "active", by=the_team_lead, locks=("person", "team"),
             requires=(the_person_does_not_run_its_challenge,), stamps=("joined_at",), label="Let them join",
             tells={"the_person": Letter("You are in: {title}",
                                         "{actor} has let you join. You can read and write in the team now.")},
             says="The person sees the team's applications and can write in them."),
        Step("decline", "invited", "declined", by=the_person, label="Say no", says="The team lead is told.",
             tells={"the_team_lead": Letter("Said no: {title}",
                                            "{actor} does not join your team. You can ask somebody else.")}),
        Step("turn_down", "requested", "declined", by=the_team_lead, reason=True,
             tells={"the_person": Letter("Not this time: {title}",
                                         "{actor} has turned down your request to join. You can ask another team or "
                                         "found your own.")},
             label="Turn the request down", says="The person reads your reason."),
        Step("lapse", ("invited", "requested"), "lapsed", by=by_itself, due="respond_by", label="Let it lapse",
             says="Nobody answered in time."),
        Step("fall_away", ("invited", "requested"), "lapsed", by=by_itself, reason=True, label="Let it fall away",
             tells={"the_person": Letter("The team has ended: {title}",
                                         "The team has come to an end, so nobody answers any more. You need do nothing.")},
             says="The team has come to an end, so nobody answers any more."),
        Step("leave", "active", "left", by=the_person, requires=(the_lead_stays,),
             tells={"the_team_lead": Letter("Has left: {title}",
                                            "{actor} has left your team and reads its applications no longer.")},
             locks=("team",), label="Leave the team", says="You no longer see the team's applications."),
        Step("remove", "active", "left", by=the_team_lead, reason=True, requires=(the_lead_stays,),
             tells={"the_person": Letter("You no longer belong to the team: {title}",
                                         "{actor} has removed you from the team. You read its work no longer.")},
             locks=("team",), label="Remove from the team", says="The person reads your reason."),
        Step("invite_again", ("left", "declined", "lapsed"), "invited", by=the_team_lead, reason=True,
             requires=(the_team_is_looking,), then=("give_time_to_reply",), locks=("team",), label="Invite again",
             tells={"the_person": Letter("Asked again to join: {title}",
                                         "{actor} asks you again to join the team. Say yes or no on the team's page.")},
             says="The person has two weeks to answer."),
        Step("ask_again", ("left", "declined", "lapsed"), "requested", by=the_person, reason=True,
             requires=(the_team_is_looking,), then=("give_time_to_reply",), locks=("team",), label="Ask again to join",
             tells={"the_team_lead": Letter("Asks again to join: {title}",
                                            "{actor} asks again to join your team. Let them join or turn the request down.")},
             says="The team lead reads your reason and answers within two weeks."),
    ],
)
