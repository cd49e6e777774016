"""`/account/`: what there is to change."""

from django.http import HttpRequest, HttpResponse

from accounts.open_sessions import open_sessions_of
from identity_platform.errors import PlatformError
from orgs import guards
from orgs.account.pages import AccountView


class AccountOverview(AccountView):
    def get(self, request: HttpRequest) -> HttpResponse:
        fixed_address = None
        try:
            guards.ask("address.change", user=self.person)
        except PlatformError as refusal:
            fixed_address = refusal
        return self.show(
            "account/overview.html",
            fixed_address=fixed_address,
            has_password=self.person.has_usable_password(),
            session_count=open_sessions_of(self.person, now=self.now).count(),
        )
