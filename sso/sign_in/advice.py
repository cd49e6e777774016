"""What the page of a refused sign-in tells the person to do (design 3.11).

An error's own remedy is for whoever mends the cause, often at the identity provider. Here stands the other half: what
somebody at the browser can do, and what they may send to their IT, in words that blame nobody.

Braces are filled from what this browser itself brought (`show_refused` has their names). Nothing here says whether an
account exists.
"""

from dataclasses import dataclass

from accounts import errors as accounts
from identity_platform.errors import PlatformError
from orgs.errors import MembershipHeld
from sso import errors
from sso.claims import ClaimsRejected, EmailAmbiguous, EmailMissing, EmailUnusable
from sso.oidc import status as oidc
from sso.saml import errors as saml
from sso.saml import status_errors as status


@dataclass(frozen=True)
class Advice:
    """`title` is the error's message where it is empty. With `for_it` the page has a ready-made message, and the steps
    follow it. `by_email`: the way on is the mail, not SSO. `is_signed_in`: the proof was good, but opens nothing."""

    lead: str = ""
    title: str = ""
    for_it: str = ""
    steps: tuple[str, ...] = ()
    by_email: bool = False
    is_signed_in: bool = False


_FAULT_OF_NOBODY = "Nothing is wrong with your account."
_SAME_PAGE = "They find what has to change under Identity and access, Sign-in problems."

_SET_UP = Advice(
    title="The sign-in with {provider} didn't work",
    lead=_FAULT_OF_NOBODY + " How {provider} and {application} are connected has to be looked at.",
    for_it="My sign-in to {application} through {provider} fails{as_email}. " + _SAME_PAGE + " Reference {reference}.",
    steps=("Try again once. If it stays, send the message above to your IT team.",),
)

BY_ERROR: dict[type[PlatformError], Advice] = {
    # -- the person can put it right ----------------------------------------------------------------------------------
    errors.SsoRequired: Advice(
        lead="Emailed links, passwords and Google don't open it for addresses of this company. Continue with SSO; you "
        "come back to where you were.",
    ),
    errors.AttemptUnknown: Advice(
        lead="That happens after the back button, or when a page was left open. Start again."
    ),
    errors.OtherBrowserBegan: Advice(
        lead="A sign-in ends in the browser that began it, so that nobody can send you theirs. Start again here."
    ),
    errors.ConnectionChanged: Advice(lead="Start again; the new settings count from now on."),
    errors.AssertionReplayed: Advice(lead="Each answer works once. Start again."),
    saml.AssertionReplayed: Advice(lead="Each answer works once. Start again."),
    saml.UnsolicitedResponse: Advice(
        title="Sign in from here",
        lead="What {provider} sent was not asked for by this browser. For your safety that signs nobody in; starting "
        "here does.",
    ),
    errors.NotStaff: Advice(lead="This page signs in staff only. Your own sign-in page is the ordinary one."),
    accounts.LinkUnknown: Advice(lead="Perhaps it was cut off on its way. Ask for a new one.", by_email=True),
    accounts.LinkExpired: Advice(lead="A link works for 15 minutes. Ask for a new one.", by_email=True),
    accounts.LinkUsed: Advice(
        lead="A link works once. If you are signed in already, there is nothing left to do; else ask for a new one.",
        by_email=True,
    ),
    accounts.OtherBrowser: Advice(
        lead="It works only in the browser that asked for it, so that a forwarded mail opens nothing. Open the link "
        "there, or ask for a new one here.",
        by_email=True,
    ),
    accounts.SignInNotBegunHere: Advice(lead="Allow cookies for this site, then start again.", by_email=True),
    # -- the company's IT, at the identity provider -------------------------------------------------------------------
    status.StatusRefused: Advice(
        title="{provider} didn't let you in",
        lead=_FAULT_OF_NOBODY + " {provider} ended the sign-in with a no.",
        for_it="{provider} refuses my sign-in to {application}{as_email}. Please look into its sign-in log for this "
        "time. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    status.StatusRequestDenied: Advice(
        title="{provider} knows you, but doesn't let you use {application} yet",
        lead="Somebody at your company has to assign you to it there.",
        for_it="Please assign {person} to the application {application} in {provider}. Reference {reference}.",
        steps=("When they have done it, try again. It works at once.",),
    ),
    status.StatusUnknownPrincipal: Advice(
        title="{provider} doesn't know this account",
        lead="You may be signed in there with another account than the one for work.",
        for_it="{provider} doesn't know me{as_email} for {application}. Please check my account there. "
        "Reference {reference}.",
        steps=("Sign out at {provider}, then try again with your work account.",),
    ),
    status.StatusAuthnFailed: Advice(
        title="{provider} couldn't sign you in",
        lead="The password, or the second step there, wasn't accepted.",
        for_it="{provider} couldn't sign me in to {application}{as_email}. Please look into its sign-in log for this "
        "time. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    status.StatusNoPassive: Advice(
        title="{provider} has a question for you",
        lead="It wasn't allowed to ask. Start again from here, and it may.",
    ),
    status.StatusResponder: Advice(
        title="{provider} failed while signing you in",
        lead=_FAULT_OF_NOBODY + " The fault is on the side of {provider}, and often gone in a minute.",
        for_it="{provider} fails while signing me in to {application}{as_email}. Please look into its log for this "
        "time. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    oidc.ProviderRefused: Advice(
        title="{provider} didn't let you in",
        lead=_FAULT_OF_NOBODY + " {provider} ended the sign-in with a no.",
        for_it="{provider} refuses my sign-in to {application}{as_email}. Please look into its sign-in log for this "
        "time. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    oidc.AccessDenied: Advice(
        title="The sign-in was declined at {provider}",
        lead="That happens when you press Cancel there, or when {application} isn't open to you there.",
        for_it="If I didn't decline it myself: please assign {person} to the application {application} in "
        "{provider}. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    oidc.LoginRequired: Advice(
        title="{provider} has a question for you",
        lead="It wasn't able to ask. Start again from here, and it may.",
    ),
    oidc.ProviderBusy: Advice(
        title="{provider} can't answer right now",
        lead=_FAULT_OF_NOBODY + " The fault is on the side of {provider}, and often gone in a minute.",
        for_it="{provider} fails while signing me in to {application}{as_email}. Please look into its log for this "
        "time. Reference {reference}.",
        steps=("Try again. If it stays, send the message above to your IT team.",),
    ),
    errors.GoogleAddressNotTrusted: Advice(
        title="Google can't confirm this address",
        lead="It can for Gmail, and for accounts that a company manages at Google. Continue with email: a link or a "
        "code there shows at once that the address is yours.",
        by_email=True,
    ),
    errors.GoogleAccountDiffers: Advice(
        lead="For your safety nobody is let in as somebody else. A link or a code by mail shows that it's you.",
        by_email=True,
    ),
    errors.AccountClosed: Advice(lead="It can't be opened again. Use another account, or ask support."),
    errors.AddressNotServed: Advice(
        title="{provider} sent an address that isn't covered by this sign-in",
        lead="Your company's sign-in covers addresses of its own domains only.{signed_in_there}",
        for_it="{provider} sends an address for me{as_email} that isn't in a domain assigned to it at {application}. "
        + _SAME_PAGE
        + " Reference {reference}.",
        steps=("If you have several accounts at {provider}, sign out there and try again with the one for work.",),
    ),
    errors.WrongAccount: Advice(
        title="{provider} signed you in with another account",
        lead="{signed_in_there} You came here as {expected}.",
        for_it="{provider} sends {email} for me, but I sign in to {application} as {expected}. Please correct the "
        "address there, or add its domain here. Reference {reference}.",
        steps=("Sign out at {provider}, then try again with the account for {expected}.",),
    ),
    errors.SubjectChanged: Advice(
        lead="For your safety nobody is let in as somebody else.{signed_in_there} A manager can confirm that it's you.",
        for_it="{provider} sends another identifier for me{as_email} than before. "
        + _SAME_PAGE
        + " Reference {reference}.",
        steps=("When they have done it, try again. It works at once.",),
    ),
    errors.AddressClash: Advice(
        lead="Your account stays as it is until somebody who manages sign-in has looked at it.{signed_in_there}",
        for_it="My address changed in {provider}, and {application} can't take over the new one{as_email}. "
        + _SAME_PAGE
        + " Reference {reference}.",
        steps=("When they have done it, try again. It works at once.",),
    ),
    errors.DomainLapsed: Advice(
        lead="Your company's domain has to be confirmed again first; people who signed in before aren't affected.",
        for_it="The DNS record that confirms our domain for {application} is gone, so I can't sign in{as_email}. "
        + _SAME_PAGE
        + " Reference {reference}.",
        steps=("When they have done it, try again. It works within minutes.",),
    ),
    errors.StaffNotServed: Advice(lead="Use the staff's own sign-in page."),
    errors.ConnectionNotLive: Advice(
        lead=_FAULT_OF_NOBODY + " Your company's single sign-on isn't switched on, or no longer at this address.",
        for_it="The single sign-on that I was sent to isn't live at {application}. If I have it from a tile or a "
        "bookmark, please let that open {sso_page} instead. Reference {reference}.",
        steps=("Start from the sign-in page: it knows the way that works today.",),
    ),
    errors.ResponseTooLarge: Advice(
        lead=_FAULT_OF_NOBODY + " Your company's identity provider sends more than a sign-in needs.",
        for_it="My sign-in to {application} sends too much. Please send only the groups that are assigned to it. "
        "Reference {reference}.",
        steps=("When they have done it, try again.",),
    ),
    errors.ResponseUnreadable: Advice(
        lead="What arrived isn't an answer to a sign-in. Start again.",
        for_it="The answer to my sign-in to {application} can't be read. Reference {reference}.",
    ),
    # -- whoever manages the organization -----------------------------------------------------------------------------
    errors.NoOrganization: Advice(
        is_signed_in=True,
        title="{provider} knows you, but no organization here does yet",
        lead="Your account is there.{signed_in_there} Somebody has to add you to an organization.",
        for_it="I can sign in to {application}{as_email}, but I am in no organization there. Please add me, or put me "
        "in the group in {provider} that opens it. Reference {reference}.",
        steps=("When they have done it, try again. It works at once.",),
    ),
    errors.Blocked: Advice(
        is_signed_in=True,
        lead="A manager decided that. Only they, or support, can undo it.",
        for_it="I am blocked from {organization}{as_email} and would like to know why. Reference {reference}.",
    ),
    MembershipHeld: Advice(
        is_signed_in=True,
        lead="Your place, role and keys are kept. Somebody who manages the organization decides what happens next.",
        for_it="My membership of {organization}{as_email} is on hold. Please decide about it. Reference {reference}.",
        steps=("When they have decided, try again. It works at once.",),
    ),
    # -- everything else that an identity provider can get wrong ------------------------------------------------------
    EmailMissing: Advice(
        title="{provider} didn't say what your email address is",
        lead="Your account there may have none, or it isn't sent.",
        for_it="{provider} sends no email address for me to {application}. " + _SAME_PAGE + " Reference {reference}.",
        steps=("When they have done it, try again. It works at once.",),
    ),
    EmailAmbiguous: Advice(
        for_it="{provider} sends several addresses for me to {application}. " + _SAME_PAGE + " Reference {reference}.",
        lead=_FAULT_OF_NOBODY,
    ),
    EmailUnusable: Advice(
        for_it="{provider} sends an address for me to {application} that isn't one. "
        + _SAME_PAGE
        + " Reference {reference}.",
        lead=_FAULT_OF_NOBODY,
    ),
    ClaimsRejected: _SET_UP,
    errors.SignInRefused: _SET_UP,
    saml.AssertionRejected: _SET_UP,
}


def advice_for(error: PlatformError) -> Advice | None:
    """The advice for this error or the nearest of its kinds; None for what isn't a refused sign-in."""
    return next((BY_ERROR[kind] for kind in type(error).__mro__ if kind in BY_ERROR), None)
