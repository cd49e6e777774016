"""An application's request while the person says who they are. It travels in the address, signed, for ten minutes."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self

from django.core import signing

LIFETIME = timedelta(minutes=10)
SALT = "demo.idp.request"


@dataclass(frozen=True)
class PendingRequest:
    """`parameters` are the protocol's own; `must_sign_in`: a session from before `asked_at` won't do.

    `asked_at` is in seconds since 1970. `login_hint`: whom the application expects.
    `is_first`: by it the application registered itself.
    """

    application_id: str
    asked_at: float
    parameters: dict[str, str] = field(default_factory=dict)
    must_sign_in: bool = False
    login_hint: str = ""
    is_first: bool = False

    def to_token(self) -> str:
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    @classmethod
    def from_token(cls, token: str) -> Self:
        """Raises django.core.signing.BadSignature for what isn't ours or is older than LIFETIME."""
        return cls(**signing.loads(token, salt=SALT, max_age=LIFETIME))

    def is_met_by(self, signed_in_at: datetime) -> bool:
        """Whether a session that began then answers this request."""
        return not self.must_sign_in or signed_in_at.timestamp() >= self.asked_at
