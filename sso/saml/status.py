"""What an identity provider says when it says no (Core s3.2.2.2)."""

from lxml import etree

from .assertion import read_text
from .errors import MalformedResponse, show
from .names import STATUS, STATUS_CODE, STATUS_MESSAGE, STATUS_SUCCESS
from .status_errors import (
    StatusAuthnFailed,
    StatusInvalidNameIdPolicy,
    StatusNoAuthnContext,
    StatusNoPassive,
    StatusRefused,
    StatusRequestDenied,
    StatusRequester,
    StatusRequestUnsupported,
    StatusResponder,
    StatusUnknownPrincipal,
    StatusVersionMismatch,
)

_PREFIX = STATUS_SUCCESS.removesuffix("Success")

_REASONS: dict[str, type[StatusRefused]] = {
    "AuthnFailed": StatusAuthnFailed,
    "NoPassive": StatusNoPassive,
    "RequestDenied": StatusRequestDenied,
    "RequestUnsupported": StatusRequestUnsupported,
    "UnsupportedBinding": StatusRequestUnsupported,
    "InvalidNameIDPolicy": StatusInvalidNameIdPolicy,
    "NoAuthnContext": StatusNoAuthnContext,
    "UnknownPrincipal": StatusUnknownPrincipal,
    "Requester": StatusRequester,
    "Responder": StatusResponder,
    "VersionMismatch": StatusVersionMismatch,
}


def require_success(response: etree._Element) -> None:
    """Raises the StatusRefused that explains the codes best: the innermost one that is known.

    A refusal needs no signature: believing a false one keeps somebody out who would just try again.
    """
    status = response.find(STATUS)
    outermost = None if status is None else status.find(STATUS_CODE)
    if status is None or outermost is None:
        raise MalformedResponse(received="no status")
    if outermost.get("Value") == STATUS_SUCCESS:
        return
    codes = [code.get("Value", "").removeprefix(_PREFIX) for code in outermost.iter(STATUS_CODE)]
    received = " / ".join(codes)
    message = status.find(STATUS_MESSAGE)
    if message is not None:
        received += f": {read_text(message)}"
    known = [code for code in codes if code in _REASONS]
    refusal = _REASONS[known[-1]] if known else StatusRefused
    raise refusal(expected="Success", received=show(received))
