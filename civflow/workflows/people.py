"""People: who gives and takes which role. The roles themselves are in models/people.py.

The owner of a challenge is its lead sponsor's: they name who writes it with them, of whatever body, without asking the
programme office. A writer writes the draft and comments on it; what binds the sponsor stays with the owner.
"""

MANAGED_BY: dict[str, tuple[str, ...]] = {
    "programme_manager": ("administrator",),
    "challenge_owner": ("programme_manager", "administrator"),
    "challenge_writer": ("challenge_owner", "programme_manager", "administrator"),
    "assessor": ("programme_manager", "administrator"),
    "approver": ("administrator",),
    "finance_officer": ("administrator",),
    "auditor": ("administrator",),
    "administrator": ("administrator",),
}

WHO_NAMES = "A challenge owner of this challenge names its sponsors and writers, or the programme office does."
