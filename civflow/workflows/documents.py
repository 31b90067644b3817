"""Papers: who may read which document. It follows the record that the document is about."""

from __future__ import annotations

from civflow.workflows.applications import the_seal_is_open
from civflow.workflows.engine import Case
from civflow.workflows.engine.sight import may_see
from civflow.workflows.rules import BOTH_SIDES, a_team_member, the_auditor, the_finance_officer, the_team_lead

READERS = {
    "outcome_letter": BOTH_SIDES,
    "agreement": (*BOTH_SIDES, the_finance_officer),
    "receipt": (a_team_member, the_team_lead),
}


def may_read(case: Case, kind: str) -> bool:
    """Whether the actor may read a document of this kind about the case's record.

    A receipt holds the words of an application: an auditor reads it once the seal is open, nobody else but
    the team does. A brief is open to whoever may see its challenge.
    """
    if kind == "challenge_brief":
        return may_see(case)
    if any(reader.claim(case) for reader in READERS.get(kind, ())):
        return True
    return kind == "receipt" and the_seal_is_open.claim(case) and the_auditor.claim(case)
