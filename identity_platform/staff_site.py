"""Django's admin for staff alone, without a sign-in form of its own (spec 9.1)."""

from typing import Any, NoReturn

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode


class StaffSite(AdminSite):
    """Open to a session with a staff proof as recent as identity settings ask for; where a second factor is required
    (production) it stays closed until sessions can carry one."""

    site_header = site_title = "Staff"

    def has_permission(self, request: HttpRequest) -> bool:
        from accounts.queries import who_is_at  # noqa: PLC0415 - the wiring is below the apps
        from sso.queries.staff import has_staff_proof  # noqa: PLC0415 - the wiring is below the apps

        return not settings.STAFF_SECOND_FACTOR and has_staff_proof(who_is_at(request))

    def get_urls(self) -> list[Any]:
        """Besides the tables: references and *Explain a sign-in* (spec 9.2), and what staff do about it (9.1)."""
        from sso import staff_acts, staff_pages  # noqa: PLC0415 - the wiring is below the apps

        return [*staff_pages.urls_of(self), *staff_acts.urls_of(self), *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Leave the question who is there to `has_permission`: strangers too are sent to the staff's sign-in."""
        return login_not_required(super().admin_view(view, cacheable))

    @login_not_required
    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Where the admin sends people without permission: on to the staff's sign-in, or on, if they have been there.

        `next` is the staff page that was wanted, never this one: coming back here would ask for the proof for ever.
        """
        wanted = self._wanted_page(request)
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'staff': 'true', 'next': wanted})}")

    def logout(self, request: HttpRequest, extra_context: object = None) -> Any:
        """Sessions end in one place; the admin's own way would look for Django's sessions, which there are none of."""
        return HttpResponseRedirect(reverse("logout"))

    def password_change(self, request: HttpRequest, extra_context: object = None) -> NoReturn:
        """Staff prove themselves by mail: there is no password, and none is made here past the platform's rules."""
        raise Http404

    def password_change_done(self, request: HttpRequest, extra_context: object = None) -> NoReturn:
        raise Http404

    def _wanted_page(self, request: HttpRequest) -> str:
        """The `next` of the request if it is a staff page, else the first one."""
        from sso.sign_in.return_path import next_path  # noqa: PLC0415 - the wiring is below the apps

        start = reverse("admin:index", current_app=self.name)
        asked = next_path(request)
        is_staff_page = asked.startswith(start) and not asked.startswith(reverse("admin:login", current_app=self.name))
        return asked if is_staff_page else start


class StaffAdminConfig(AdminConfig):
    default_site = "identity_platform.staff_site.StaffSite"
