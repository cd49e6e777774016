from sso.models.connections import Certificate, Connection, ConnectionRevision, RevisionState
from sso.models.sign_in import ConsumedAssertion, ExternalIdentity, GoogleSignIn, SignInAttempt, TestSignIn

__all__ = [
    "Certificate",
    "Connection",
    "ConnectionRevision",
    "ConsumedAssertion",
    "ExternalIdentity",
    "GoogleSignIn",
    "RevisionState",
    "SignInAttempt",
    "TestSignIn",
]
