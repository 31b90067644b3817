"""People, their organisations, their roles in a scope, and their sign-ins."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from civflow.models.records import moment

ROLES = {
    "programme_manager": "Programme manager",
    "challenge_owner": "Challenge owner",
    "challenge_writer": "Challenge writer",
    "assessor": "Assessor",
    "approver": "Approver",
    "finance_officer": "Finance officer",
    "auditor": "Auditor",
    "administrator": "Administrator",
}
STAFF = ("programme_manager", "challenge_owner", "approver", "auditor")  # they run the programme, and read as staff do
SITE = "site"  # the scope of whoever holds a role everywhere; the others are nouns whose pages say so
COMPANY_SIZES = ("micro", "small", "medium", "large")
ORGANISATIONS = ("public_body", "company", "charity", "university")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The SQL that limits a column to some values."""
    return f"{column} IN ({', '.join(repr(v) for v in values)})"


def _only_once(name: str, *columns: str, where: str) -> Index:
    """An index that lets a grant stand once until it is revoked; NULLs are never equal, hence one for the site."""
    current = text(f"revoked_at IS NULL AND {where}")
    return Index(name, *columns, unique=True, sqlite_where=current, postgresql_where=current)


class Organisation(SQLModel, table=True):
    """A public body or an applicant's company; the legal name and number are kept apart from the trading name."""

    __table_args__ = (
        CheckConstraint(one_of("kind", ORGANISATIONS), "kind"),
        CheckConstraint(f"size IS NULL OR {one_of('size', COMPANY_SIZES)}", "size"),
    )
    id: int | None = Field(default=None, primary_key=True)
    legal_name: str = Field(max_length=200, unique=True)
    trading_name: str | None = Field(default=None, max_length=200)
    number: str | None = Field(default=None, max_length=20)
    kind: str = Field(max_length=20)
    size: str | None = Field(default=None, max_length=10)  # by how many work there, as workflows/sizes.py says
    address: str | None = Field(default=None, max_length=300)


class Person(SQLModel, table=True):
    """Somebody who may sign in; `email` is stored in lower case."""

    __table_args__ = (CheckConstraint("email = lower(email)", "email_in_lower_case"),)
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=120)
    password_hash: str | None = Field(default=None, max_length=200)
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    skills: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = moment()
    closed_at: datetime | None = moment(default=None, nullable=True)


class Grant(SQLModel, table=True):
    """A role that a person holds in a scope; approvers have a limit in whole pounds, writers a body that they write for."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(one_of("role", tuple(ROLES)), "role"),
        CheckConstraint("(scope = 'site') = (scope_id IS NULL)", "site_has_no_id"),
        CheckConstraint("limit_pounds IS NULL OR limit_pounds >= 0", "limit"),
        _only_once("uq_role_grant_in_a_scope", "person_id", "role", "scope", "scope_id", where="scope_id IS NOT NULL"),
        _only_once("uq_role_grant_for_the_site", "person_id", "role", where="scope_id IS NULL"),
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str = Field(max_length=30)
    scope: str = Field(max_length=40)
    scope_id: int | None = None
    limit_pounds: int | None = None
    granted_by_id: int | None = Field(default=None, foreign_key="person.id")
    granted_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    revoked_by_id: int | None = Field(default=None, foreign_key="person.id")
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id")


class SignIn(SQLModel, table=True):
    """A signed-in browser; only the hash of its token is kept."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None, nullable=True)
    browser: str = Field(default="", max_length=200)


class SignInLink(SQLModel, table=True):
    """A link that signs a person in, usually once; only the hash of its token is kept."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(default=None, nullable=True)
    reusable: bool = False


class Reading(SQLModel, table=True):
    """A page that an auditor read: reading is itself recorded."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    at: datetime = moment()
    path: str = Field(max_length=500)
