"""People: accounts, roles in a scope, passwords, one-time links, and sign-ins that end."""

from civflow.services.people.accounts import (
    ADDRESS,
    LONGEST_NAME,
    add_person,
    person_by_email,
    rename,
    welcome,
    why_no_name,
)
from civflow.services.people.passwords import SHORTEST
from civflow.services.people.roles import actor_of, grant, may_give, revoke, role_holders
from civflow.services.people.sign_ins import (
    check_password,
    end,
    end_all,
    link_of,
    look_at_link,
    make_link,
    person_of_token,
    set_password,
    sign_in,
    sign_in_of,
    sign_ins,
    sign_out,
    token_hash,
    use_link,
)

__all__ = [
    "ADDRESS",
    "LONGEST_NAME",
    "SHORTEST",
    "actor_of",
    "add_person",
    "check_password",
    "end",
    "end_all",
    "grant",
    "link_of",
    "look_at_link",
    "make_link",
    "may_give",
    "person_by_email",
    "person_of_token",
    "rename",
    "revoke",
    "role_holders",
    "set_password",
    "sign_in",
    "sign_in_of",
    "sign_ins",
    "sign_out",
    "token_hash",
    "use_link",
    "welcome",
    "why_no_name",
]
