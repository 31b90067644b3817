"""What the rules about a shed need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.engine.facts import Facts, ids, table
from tests.example_feature.models.lending import Loan, Shed
from tests.example_feature.workflows.lending import OUT

SHED, LOAN = map(table, (Shed, Loan))

FACTS: Facts = {
    "shed": {"borrower_ids": ids(LOAN.c.borrower_id, LOAN.c.shed_id == SHED.c.id, LOAN.c.state.in_(OUT))},
}
