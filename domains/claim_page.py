"""What the page of one claim shows, in words: how far it is, what each name server said, what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from domains.challenge import Challenge, challenge_for
from domains.checks import Diagnosis, Findings, LookUp, Outcome, Problem, ServerAnswer
from domains.doctor import DOUBLED, ON_THE_DOMAIN, WORDS
from domains.errors import DomainAlreadyVerified
from domains.models import HOLDING, ClaimState, DomainClaim
from domains.names import registrable_domain, to_display
from domains.rules import ABSENCE_UNTIL_LAPSE, FAST_FOR, Verdict

# How often an open page asks whether something changed, in seconds: often while somebody probably waits before it.
POLL_AT_FIRST, POLL_SOON, POLL_LATER = 5, 15, 60
FIRST_MINUTE = timedelta(minutes=1)

_OUTCOMES = {
    Outcome.NO_SUCH_NAME: "Has no record with this name",
    Outcome.NO_DATA: "Has the name, but no TXT record there",
    Outcome.REFUSED: "Refused to answer",
    Outcome.SERVER_FAILURE: "Reported a failure of its own (SERVFAIL)",
    Outcome.TIMEOUT: "Didn't answer in time",
    Outcome.UNREACHABLE: "Couldn't be reached",
    Outcome.MALFORMED: "Sent something that isn't a DNS answer",
    Outcome.NOT_AUTHORITATIVE: "Isn't responsible for this domain, though it is listed as its name server",
    Outcome.REFERRED: "Referred to other servers",
    Outcome.NO_ADDRESS: "Has no address",
    Outcome.FORBIDDEN_ADDRESS: "Has a private address, which isn't asked",
}
_PROBLEMS = {
    Problem.NO_RESOLVER: "No DNS resolver is set up for this platform.",
    Problem.ZONE_NOT_FOUND: "The name servers of this domain couldn't be found.",
    Problem.ALIAS_LOOP: "The CNAME records at this name lead in a circle.",
    Problem.TOO_MANY_ALIASES: "Too many CNAME records lead from one name to the next.",
    Problem.FAILED: "The check failed on our side; it is repeated.",
}
_VERDICTS = {
    Verdict.PROVEN: "The record is in place.",
    Verdict.PARTLY_THERE: "Some name servers have the record, others don't yet. That usually takes minutes.",
    Verdict.WRONG_VALUE: "There is a record with this name, but its value is another one.",
    Verdict.ABSENT: "The record isn't there yet.",
    Verdict.COULD_NOT_CHECK: "We couldn't check: that says nothing about your record.",
}


@dataclass(frozen=True)
class Line:
    """One line of the live check; `kind` is ok, warn, bad or wait."""

    kind: str
    title: str
    detail: str
    badge: str


@dataclass(frozen=True)
class Said:
    """What one server said."""

    server: str
    address: str
    has_record: bool
    text: str


@dataclass(frozen=True)
class Stage:
    """A step of the stepper: `state` is done, now or todo."""

    label: str
    detail: str
    state: str


@dataclass(frozen=True)
class ClaimPage:
    """`zone` is where the record's name ends by itself; `poll` is in seconds, None to stop."""

    claim: DomainClaim
    name: str
    challenge: Challenge
    name_within: str
    zone: str
    stages: tuple[Stage, ...]
    sentence: str
    lines: tuple[Line, ...]
    said: tuple[Said, ...]
    poll: int | None
    lapses_at: datetime | None

    @property
    def lead(self) -> str:
        """What being verified means by itself."""
        return "" if self.claim.connection_id else "That changed nothing for anybody's sign-in."

    @property
    def is_internationalised(self) -> bool:
        return self.name != self.claim.name

    @property
    def can_be_checked(self) -> bool:
        return not self.claim.is_manual and self.claim.state in (ClaimState.PENDING, *HOLDING)


def describe_claim(claim: DomainClaim, *, now: datetime) -> ClaimPage:
    challenge = challenge_for(claim.name, token=claim.token)
    findings = Findings.from_json(claim.findings)
    zone = findings.look_up.zone or registrable_domain(claim.name)
    return ClaimPage(
        claim=claim,
        name=to_display(claim.name),
        challenge=challenge,
        name_within=challenge.name_within(zone),
        zone=zone,
        stages=tuple(_stages(claim)),
        sentence=_sentence(claim),
        lines=tuple(_lines(claim, findings, challenge=challenge, zone=zone)),
        said=tuple(_said(findings.look_up, challenge=challenge)),
        poll=_poll(claim, now=now),
        lapses_at=claim.absent_since + ABSENCE_UNTIL_LAPSE if claim.absent_since else None,
    )


def _stages(claim: DomainClaim) -> Iterator[Stage]:
    is_verified = claim.state == ClaimState.VERIFIED
    yield Stage("Enter domain", to_display(claim.name), "done")
    yield Stage("Add the record", "Found" if is_verified else "About 3 minutes", "done" if is_verified else "now")
    yield Stage("Verified", "" if is_verified else "We keep checking", "done" if is_verified else "todo")


def _sentence(claim: DomainClaim) -> str:
    if not claim.verdict:
        return "The first check begins in a moment." if claim.state == ClaimState.PENDING else "Not checked yet."
    if claim.verdict == Verdict.HELD_ELSEWHERE:
        held = DomainAlreadyVerified(received=to_display(claim.name), support=settings.SUPPORT_ADDRESS)
        return f"The record is in place. {held.message_text} {held.remedy_text}"
    return _VERDICTS[Verdict(claim.verdict)]


def _lines(claim: DomainClaim, findings: Findings, *, challenge: Challenge, zone: str) -> Iterator[Line]:
    verdict = Verdict(claim.verdict) if claim.verdict else None
    misplaced = [found for found in findings.diagnoses if found.code in (DOUBLED, ON_THE_DOMAIN)]
    misspelt = [found for found in findings.diagnoses if found not in misplaced]
    yield _servers_line(findings.look_up, verdict)
    yield from (_diagnosis_line(found, challenge=challenge, zone=zone) for found in misplaced)
    if verdict in (Verdict.PROVEN, Verdict.HELD_ELSEWHERE):
        yield Line("ok", "Record found", challenge.name, "Done")
        yield Line("ok", "Value matches", "", "Done")
    elif verdict is Verdict.PARTLY_THERE:
        yield Line("warn", "Record found on some name servers", "The others usually follow within minutes.", "Waiting")
    elif verdict is Verdict.WRONG_VALUE:
        yield Line("ok", "Record found", challenge.name, "Done")
        for found in misspelt:
            yield _diagnosis_line(found, challenge=challenge, zone=zone)
        if not misspelt:
            yield Line("bad", "Value is another one", f"It has to be {challenge.value}.", "Fix this")
    elif not misplaced:
        detail = f"No TXT record at {challenge.name}." if verdict is Verdict.ABSENT else ""
        yield Line("wait", "Record found", detail, "Waiting")
        yield Line("wait", "Value matches", "Checked once the record is in place.", "Waiting")


def _servers_line(look_up: LookUp, verdict: Verdict | None) -> Line:
    if verdict is None:
        return Line("wait", "Name servers answer", "", "Waiting")
    if look_up.problem:
        return Line("warn", "Name servers answer", _PROBLEMS[look_up.problem], "Could not check")
    servers = [answer for hop in look_up.hops for answer in hop.servers]
    answering = [answer.server for answer in servers if answer.is_definite]
    if not answering:
        return Line("warn", "Name servers answer", "None of them answered the question.", "Could not check")
    if len(answering) < len(servers):
        missing = ", ".join(answer.server for answer in servers if not answer.is_definite)
        return Line("warn", "Only some name servers answer", f"No answer from {missing}.", "Needs attention")
    return Line("ok", "Name servers answer", ", ".join(answering), "Done")


def _diagnosis_line(found: Diagnosis, *, challenge: Challenge, zone: str) -> Line:
    words = WORDS[found.code]
    text = words.text.format(
        seen=found.seen,
        name=found.name,
        domain=challenge.domain,
        within=challenge.name_within(zone),
        value=challenge.value,
        zone=zone,
    )
    return Line("bad", words.title, text, "Fix this")


def _said(look_up: LookUp, *, challenge: Challenge) -> Iterator[Said]:
    for hop in look_up.hops:
        for answer in hop.servers:
            yield Said(answer.server, answer.address, *_say(answer, challenge=challenge))
        for answer in hop.resolvers:
            yield Said("DNS resolver", answer.address, *_say(answer, challenge=challenge))


def _say(answer: ServerAnswer, *, challenge: Challenge) -> tuple[bool, str]:
    """Whether this answer is the record, and what to call it."""
    if answer.outcome is not Outcome.ANSWERED:
        return False, _OUTCOMES[answer.outcome]
    if any(value.strip() == challenge.value for value in answer.values):
        return True, "Has the record"
    if answer.values:
        return False, "Has " + ", ".join(f"“{value}”" for value in answer.values)
    return False, f"Has a CNAME to {answer.alias}"


def _poll(claim: DomainClaim, *, now: datetime) -> int | None:
    if claim.state != ClaimState.PENDING:
        is_missing = claim.absent_since is not None and claim.state in HOLDING
        return POLL_LATER if is_missing and not claim.is_manual else None
    waited = now - claim.polling_since
    if waited < FIRST_MINUTE:
        return POLL_AT_FIRST
    return POLL_SOON if waited < FAST_FOR else POLL_LATER
