"""How many mails, passwords and links may be tried at the sign-in pages (spec 6.6); the numbers are settings.

A stranger can use up what an address or a network has. So a browser that was this person before counts for itself:
whatever others do, the owner gets in where they got in before. Whether it was is asked by address, in one query for
every address, so neither answer nor work tells whether an account exists (which only its own browser may notice).
"""

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from accounts import browser
from accounts.addresses import domain_of
from accounts.errors import TooManyMails, TooManyPasswords
from accounts.models import Session, Way
from domains.models import HOLDING, ClaimState, DomainClaim
from identity_platform.errors import TooManyTries
from identity_platform.limits import Limit, Try, count_tries, network_of_address
from identity_platform.middleware import client_ip


def ensure_mail_allowed(request: HttpRequest, email: str) -> None:
    """Count a sign-in mail that is about to be sent to a normalised address. Raises TooManyMails."""
    network, known = network_of(request), _was_this_address_before(request, email)
    is_in_verified_domain = _is_in_verified_domain(email)
    if known:
        tries = [Try(_limit("mails_per_known_browser"), (email, browser.browser_hash(request)))]
    else:
        tries = [
            Try(_limit("mails_per_address_and_network"), (email, network)),
            Try(_limit("mails_per_address"), (email,)),
            Try(_limit("mails_per_network" if is_in_verified_domain else "mails_per_network_elsewhere"), (network,)),
        ]
    _count(tries, TooManyMails)


def ensure_password_try_allowed(request: HttpRequest, email: str) -> None:
    """Count a password that is about to be tried for a normalised address, right or wrong. Raises TooManyPasswords."""
    whose = network_of(request)
    if _was_this_address_before(request, email):
        whose = f"browser {browser.browser_hash(request)}"
    _count([Try(_limit("passwords_per_address_and_network"), (email, whose))], TooManyPasswords)


def ensure_attempts_allowed(request: HttpRequest) -> None:
    """Count a sign-in that a bare GET begins at an identity provider: each is a row. Raises TooManyTries."""
    _count([Try(_limit("attempts_per_network"), (network_of(request),))], TooManyTries)


def network_of(request: HttpRequest) -> str:
    """The network a request comes from, as limits count it."""
    return network_of_address(client_ip(request))


def _count(tries: list[Try], refusal: type[TooManyTries]) -> None:
    now = timezone.now()
    used_up = count_tries(*tries, now=now)
    if used_up:
        raise refusal(again_at=used_up.again_at, now=now)


def _limit(name: str) -> Limit:
    return Limit(name, most=settings.SIGN_IN_LIMITS[name], span=settings.SIGN_IN_LIMIT_SPAN)


def _was_this_address_before(request: HttpRequest, email: str) -> bool:
    """Whether this browser was signed in by the person behind an address, known or not: in their own way, or by SSO of
    the parent that holds the address's domain alone. Another parent's word would let it make browsers "known" for
    anybody, each with limits of its own."""
    mark = browser.browser_hash(request)
    if not mark:
        return False
    by_holder = Q(
        proofs__connection__parent__domain_claims__name=domain_of(email),
        proofs__connection__parent__domain_claims__state=ClaimState.VERIFIED,
        proofs__connection__parent__domain_claims__is_shared=False,
    )
    in_their_way = Q(proofs__way__in=[way for way in Way if way != Way.SSO])
    return Session.objects.filter(in_their_way | by_holder, browser_hash=mark, user__email=email).exists()


def _is_in_verified_domain(email: str) -> bool:
    # Whoever holds the name: many people of one company come from one network.
    return DomainClaim.unscoped.filter(name=domain_of(email), state__in=HOLDING).exists()
