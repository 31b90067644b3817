"""What people read of a challenge's steps: those who write it, approve it, apply to it and follow it."""

from civflow.workflows.engine import Letter, News, Tells

TO_APPROVE = Letter(
    "Approve or answer: {title}",
    "{actor} has sent the challenge for approval. It asks for {money_pounds} and is to open on {opens_at}. Read it, then "
    "approve it or say what has to change: the sponsor is promised an answer by {reply_promised_at}.",
)
CHANGES_ASKED = Letter(
    "Change before approval: {title}",
    "{actor} has read the challenge and asks for changes: what and why stands at each part of the draft. Make them, say "
    "that they are dealt with, and send it for approval again; it is to open on {opens_at}.",
)
TO_A_SCORER: Tells = {"whom_it_names": Letter(template="to_score", words="where_and_by_when_to_score", to_all=True)}
APPROVED = Letter(
    "Approved: {title}",
    "{actor} has approved the challenge. It opens by itself on {opens_at}; you need do nothing.",
)
APPROVAL_TAKEN_BACK = Letter(
    "Approval taken back: {title}",
    "{actor} has taken the approval back. The challenge does not open until you have changed it, sent it again, and it is "
    "approved again.",
)
OPEN: Tells = {"the_followers": News("opens", "The call is open. It closes on {closes_at}.")}
CLOSED: Tells = {"the_followers": News("closes", words="that_the_call_is_closed")}
CLOSING_MOVED: Tells = {
    "those_with_an_application": Letter(template="deadline", words="the_new_closing_date"),
    "the_followers": News(
        "dates",
        "The closing date has moved for everybody, to {closes_at}. The reason given: {reason}",
        besides=("everybody_who_applied",),
    ),
}
QUESTIONS_MOVED: Tells = {
    "the_applicants": Letter(
        "Another last moment for questions: {title}",
        "The last moment for questions has moved, for everybody: they can be asked until {questions_until}.",
    ),
    "the_followers": News(
        "dates", "Questions can now be asked until {questions_until}. The reason given: {reason}"
    ),
}
CHANGE_HANDED_IN = Letter(
    "Look at a change: {title}",
    "{actor} has changed the published text and asks you to publish it. Read the difference, then publish or drop it.",
)
NO_WINNER: Tells = {
    "the_applicants": Letter(
        "Ended without a winner: {title}",
        "The challenge has ended and no team was selected. Your application goes no further; you need do nothing.",
    ),
    "the_followers": News("result", "It has ended without a winner."),
}
COMPLETED: Tells = {
    "who_is_left": Letter(
        "The challenge has ended: {title}",
        "The challenge has come to its end, and no place became free for your application. It goes no further; you need do "
        "nothing.",
    ),
    "the_followers": News("ends", "It has come to its end."),
}
WITHDRAWN: Tells = {
    "the_programme_managers": Letter(
        "Withdrawn before it opened: {title}", "{actor} has withdrawn the challenge. It does not open."
    ),
    "the_followers": News("ends", "It is withdrawn, and does not open."),
}
CANCELLED: Tells = {
    "the_applicants": Letter(template="cancelled"),
    "the_followers": News("ends", "It is cancelled. The reason given: {reason}"),
}
