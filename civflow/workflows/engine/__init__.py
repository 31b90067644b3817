"""The handbook's grammar: states, steps, rules, cases; what may be done now, and why not the rest.

A rule is a claim, the sentence that people read, and one line of code. A step names who may take it (`by`), what must
be true (`requires`), what it asks for, by when it happens by itself (`due`), what follows (`then`), who is told in which
letter (`tells`), and what the history keeps (`fixes`). Nothing here knows a database, a request or a clock.
"""

from civflow.workflows.engine.actors import CIVFLOW, CLOCK, NOBODY, Actor, RoleHeld
from civflow.workflows.engine.around import Comments, Followed, Moment
from civflow.workflows.engine.endings import keeps
from civflow.workflows.engine.facts import Facts, Ids, Marks, Names, Numbers, Pairs
from civflow.workflows.engine.language import BY_CIVFLOW, Ask, Case, Columns, Line, Option, Rule, State, Step, rule
from civflow.workflows.engine.letters import PLAIN, Letter, News, Tells
from civflow.workflows.engine.refusals import Conflicted, Forbidden, HandbookError, NotFound, Refusal, Refused
from civflow.workflows.engine.workflow import Workflow

__all__ = [
    "BY_CIVFLOW",
    "CIVFLOW",
    "CLOCK",
    "NOBODY",
    "PLAIN",
    "Actor",
    "Ask",
    "Case",
    "Columns",
    "Comments",
    "Conflicted",
    "Facts",
    "Followed",
    "Forbidden",
    "HandbookError",
    "Ids",
    "Letter",
    "Line",
    "Marks",
    "Moment",
    "Names",
    "News",
    "NotFound",
    "Numbers",
    "Option",
    "Pairs",
    "Refusal",
    "Refused",
    "RoleHeld",
    "Rule",
    "State",
    "Step",
    "Tells",
    "Workflow",
    "keeps",
    "rule",
]
