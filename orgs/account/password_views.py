"""`/account/password/`: set, change, remove."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.actions import passwords
from accounts.errors import PasswordRefused, WrongCurrentPassword
from identity_platform.errors import PlatformError, TooManyTries
from identity_platform.limits import Limit, Try, count_tries
from orgs import guards
from orgs.account.forms import PasswordForm
from orgs.account.pages import AccountView, has_recent_proof, require_recent_proof

PRESENT_PASSWORDS = Limit("present_passwords_per_person", most=20, span=timedelta(minutes=15))


class PasswordView(AccountView):
    """A change needs a recent sign-in or the present password; a first password needs a recent sign-in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(PasswordForm(asks_for_current=self._asks_for_current()))

    def post(self, request: HttpRequest) -> HttpResponse:
        asks_for_current = self._asks_for_current()
        form = PasswordForm(request.POST, asks_for_current=asks_for_current)
        if not form.is_valid():
            return self._page(form, status=422)
        try:
            if asks_for_current:
                self._count_try()
                passwords.ensure_current(self.person, form.cleaned_data["current_password"])
            ended = passwords.set_password(
                self.person,
                form.cleaned_data["new_password"],
                kept=self.signed_in.session,
                actor=self.actor,
                now=self.now,
            )
        except (WrongCurrentPassword, PasswordRefused) as refusal:
            form.add_error(refusal.field, f"{refusal.message_text} {refusal.remedy_text}".strip())
            return self._page(form, status=422)
        messages.success(request, f"Your password is saved. {describe_ended(ended)}")
        return redirect("account")

    def _count_try(self) -> None:
        """A stolen session must not find the password out; its owner needs none after signing in by email."""
        used_up = count_tries(Try(PRESENT_PASSWORDS, (self.person.id.hex,)), now=self.now)
        if used_up:
            raise TooManyTries(again_at=used_up.again_at, now=self.now)

    def _asks_for_current(self) -> bool:
        if has_recent_proof(self.signed_in, now=self.now):
            return False
        if not self.person.has_usable_password():
            require_recent_proof(self.signed_in, now=self.now)
        return True

    def _page(self, form: PasswordForm, *, status: int = 200) -> HttpResponse:
        requires_sso = False
        try:
            guards.ask("address.prove", email=self.person.email, now=self.now)
        except PlatformError:
            requires_sso = True
        has_password = self.person.has_usable_password()
        return self.show(
            "account/password.html", status=status, form=form, has_password=has_password, requires_sso=requires_sso
        )


class RemovePasswordView(AccountView):
    """`/account/password/remove/`: asks first, since the person may have no other way in mind."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.person.has_usable_password():
            return redirect("account")
        require_recent_proof(self.signed_in, now=self.now)
        return self.show("account/remove_password.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_proof(self.signed_in, now=self.now)
        ended = passwords.remove_password(self.person, kept=self.signed_in.session, actor=self.actor, now=self.now)
        messages.success(request, f"Your password is removed. {describe_ended(ended)}")
        return redirect("account")


def describe_ended(count: int) -> str:
    """What happened to the person's other sessions, as a sentence."""
    if not count:
        return "You had no other sessions."
    return "Your other session was ended." if count == 1 else f"Your {count} other sessions were ended."
