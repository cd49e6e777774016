"""Who did something: a person, staff, a directory, the platform itself, or somebody not signed in."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal

ActorKind = Literal["user", "staff", "directory", "handover", "system", "stranger"]


@dataclass(frozen=True)
class Actor:
    """`label` is copied into the audit log, so that it stays readable when the user is gone."""

    kind: ActorKind
    label: str
    user_id: uuid.UUID | None = None

    @classmethod
    def of(cls, user: Any) -> "Actor":
        """The person signed in; somebody not signed in is a stranger."""
        if user is None or not user.is_authenticated:
            return STRANGER
        return cls(kind="user", label=user.name or user.email, user_id=user.id)

    @classmethod
    def of_staff(cls, user: Any) -> "Actor":
        """Somebody of staff, acting on the staff pages."""
        return cls(kind="staff", label=user.name or user.email, user_id=user.id)


SYSTEM = Actor(kind="system", label="The platform")
STRANGER = Actor(kind="stranger", label="Somebody not signed in")
