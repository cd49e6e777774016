"""`/account/address/`: ask for a new address, and prove it by the mailed link."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.actions import addresses
from accounts.errors import AddressLinkNotYours, AddressLinkOver, AddressTaken
from accounts.models import AddressChange
from identity_platform.errors import PlatformError
from identity_platform.refusals import render_page
from orgs import guards
from orgs.account.forms import NewAddressForm
from orgs.account.pages import AccountView, require_recent_proof
from orgs.actions.addresses import ask_for_new_address, prove_new_address


class AddressView(AccountView):
    def get(self, request: HttpRequest) -> HttpResponse:
        guards.ask("address.change", user=self.person)
        require_recent_proof(self.signed_in, now=self.now)
        return self._page(NewAddressForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        guards.ask("address.change", user=self.person)
        require_recent_proof(self.signed_in, now=self.now)
        form = NewAddressForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        email = form.cleaned_data["email"]
        try:
            ask_for_new_address(self.person, email, actor=self.actor, now=self.now)
        except PlatformError as refusal:
            form.add_error("email", f"{refusal.message_text} {refusal.remedy_text}".strip())
            return self._page(form, status=422)
        messages.success(request, f"We sent a link to {email}. Your address changes when you open it and confirm.")
        return redirect("account_address")

    def _page(self, form: NewAddressForm, *, status: int = 200) -> HttpResponse:
        pending = AddressChange.objects.filter(user=self.person, used_at=None, expires_at__gt=timezone.now()).first()
        return self.show("account/address.html", status=status, form=form, pending=pending)


class ConfirmAddressView(AccountView):
    """`/account/address/confirm/<token>/`: opening it shows a button, because mail scanners open links."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except (AddressLinkNotYours, AddressLinkOver, AddressTaken) as refusal:  # the link itself is of no more use
            return render_page(request, refusal, retry_url=reverse("account"), retry_label="Your account")

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        change = addresses.find_address_change(token, user=self.person, now=self.now)
        return self.show("account/confirm_address.html", change=change)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        change = addresses.find_address_change(token, user=self.person, now=self.now)
        prove_new_address(change, actor=self.actor, now=self.now)
        messages.success(request, f"Your address is {change.email} now. {change.user.email} no longer signs you in.")
        return redirect("account")
