"""Views without rules: each page is a template in `pages/` with the same made-up Northwind in its context."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone

from identity_platform.errors import NotAllowed, PlatformError

PAGES = Path(__file__).parent / "pages"
answers = count(1)


class WrongAudience(PlatformError):
    code = "wrong_audience"
    message = "The identity provider addressed this sign-in to a different service."
    remedy = "In your identity provider, set Audience (SP entity ID) to {expected}."


class DomainForm(forms.Form):
    name = forms.CharField(label="Domain", help_text="For example northwind.example. An address or URL is shortened.")
    contact = forms.EmailField(label="IT contact", required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Main domain"), ("b", "Subdomain")])
    sessions = forms.ChoiceField(
        label="Sessions that are open now",
        widget=forms.RadioSelect,
        choices=[("keep", "Keep them"), ("end", "End those begun by email")],
        help_text="They run until they expire.",
    )
    copied = forms.BooleanField(label="I copied both addresses")

    def clean(self) -> dict[str, Any]:
        if self.data:
            raise forms.ValidationError("Another manager changed this two minutes ago.")
        return self.cleaned_data


def show_page(request: HttpRequest, page: str) -> HttpResponse:
    if page == "components":
        messages.success(request, "Saved. The domain northwind.example was added.")
    return HttpResponse(_render(request, page, _describe_northwind(request)))


def _render(request: HttpRequest, page: str, context: dict[str, Any]) -> str:
    if (PAGES / f"{page}.html").exists():
        return engines["django"].from_string((PAGES / f"{page}.html").read_text()).render(context, request)
    return render_to_string(f"errors/{page}.html", context, request)


def show_fragment(request: HttpRequest) -> HttpResponse:
    """Answer a fragment that polls: new content each time, and from the third on no more trigger."""
    number = next(answers)
    return HttpResponse(_render(request, "fragment", {"number": number, "goes_on": number < 3}))


def send_to_sign_in(request: HttpRequest) -> HttpResponse:
    return redirect("/sign-in/")


def save_form(request: HttpRequest) -> HttpResponse:
    """Refuse what was typed, as a form that htmx sent gets it back."""
    return HttpResponse(_render(request, "form", {"form": DomainForm(request.POST)}), status=422)


def _describe_northwind(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    return {
        "user": SimpleNamespace(is_authenticated=True, display_name="Maya Ortiz"),
        "organization": SimpleNamespace(name="Northwind Labs"),
        "organization_detail": "Assistant · Enterprise",
        "organization_choices": [
            {"name": "Northwind Labs", "detail": "Assistant", "url": "#", "is_current": True},
            {"name": "Northwind Platform", "detail": "Console", "url": "#", "is_current": False},
        ],
        "navigation": [
            {
                "label": "Organization",
                "entries": [
                    {"label": "General", "url": "#", "icon": "sliders-horizontal"},
                    {"label": "Members", "url": "#", "icon": "users"},
                ],
            },
            {
                "label": "Security",
                "entries": [
                    {"label": "Identity and access", "url": "#", "icon": "shield", "is_current": True},
                    {"label": "API keys", "url": "#", "icon": "key-round"},
                    {"label": "Sessions", "url": "#", "icon": "clock"},
                    {"label": "Audit log", "url": "#", "icon": "list"},
                ],
            },
        ],
        "progress": [
            {"label": "Verify a domain", "detail": "2 verified, 1 pending", "state": "done"},
            {"label": "Connect provider", "detail": "Okta, SAML 2.0", "state": "done"},
            {"label": "Test sign-in", "detail": "Passed today, 09:41", "state": "done"},
            {"label": "Choose how people join", "detail": "Now: Manual", "state": "now"},
            {"label": "Enforce SSO", "detail": "Optional", "state": "todo"},
        ],
        "wizard": [
            {"label": "Choose provider", "url": "#", "state": "done"},
            {"label": "Create the app", "url": "#", "state": "now"},
            {"label": "Map claims", "url": "", "state": "todo"},
            {"label": "Assign people", "url": "", "state": "todo"},
            {"label": "Exchange metadata", "url": "", "state": "todo"},
            {"label": "Test sign-in", "url": "", "state": "todo"},
        ],
        "heads": [
            {"label": "Person", "url": "?sort=person", "sort": ""},
            {"label": "Role", "url": "", "sort": ""},
            {"label": "Last active", "url": "?sort=active", "sort": "descending"},
        ],
        "page": Paginator(range(412), 25).page(2),
        "xml": "<saml:Audience>https://id.acme.example/sso/saml/4fd2c0de99aa4fd2c0de99aa/metadata/</saml:Audience>" * 2,
        "now": now,
        "minutes_ago": now - timedelta(minutes=4),
        "hours_ago": now - timedelta(hours=2),
        "long_ago": datetime(2025, 11, 3, 9, 41, tzinfo=UTC),
        "empty_form": DomainForm(),
        "form": DomainForm({"name": "", "contact": "nobody"}) if "errors" in request.GET else DomainForm(),
        "error": NotAllowed(managers="Maya Ortiz")
        if request.path == "/403/"
        else WrongAudience(expected="https://id.acme.example/sso/saml/4fd2/metadata/", received="https://old.example"),
        "show_difference": True,
        "reference": "ERR-7Q4K-2MVX",
        "role_needed": "owners and the primary owner",
        "role_holders": [
            {"name": "Maya Ortiz", "email": "maya.ortiz@northwind.example"},
            {"name": "", "email": "jonas.weber@labs.northwind.example"},
        ],
    }
