"""People: who gives and takes which role. The roles themselves are in models/people.py."""

MANAGED_BY: dict[str, tuple[str, ...]] = {
    "programme_manager": ("administrator",),
    "challenge_owner": ("programme_manager", "administrator"),
    "assessor": ("programme_manager", "administrator"),
    "approver": ("administrator",),
    "finance_officer": ("administrator",),
    "auditor": ("administrator",),
    "administrator": ("administrator",),
}
