"""The template tags of the design system, rendered without a browser."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from lucide import IconDoesNotExist

from identity_platform.errors import PlatformError
from identity_platform.templatetags.ui.leaves import initials
from identity_platform.templatetags.ui.moments import describe_moment

NOW = datetime(2026, 11, 24, 9, 52, 10, tzinfo=UTC)
ATTACK = '"><script>alert(1)</script>'
STATIC = Path(settings.BASE_DIR) / "identity_platform" / "static" / "identity_platform"


def render(source: str, request=None, **context: object) -> str:
    return engines["django"].from_string(source).render(context, request)


class InviteForm(forms.Form):
    address = forms.EmailField(label="Address", help_text="One that they read.")
    role = forms.ChoiceField(label="Role", choices=[("user", "User"), ("admin", "Admin")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput)


class BadAudience(PlatformError):
    code = "bad_audience"
    message = "The sign-in was addressed elsewhere."
    remedy = "Set the audience to {expected}."


@pytest.mark.parametrize(
    "source",
    [
        '{% badge "ok" attack %}',
        "{% card attack lead=attack %}{{ attack }}{% endcard %}",
        '{% card id="a" %}{% card_head attack id="a" lead=attack %}{% endcard_head %}{% endcard %}',
        "{% row attack desc=attack badge=attack %}{{ attack }}{% endrow %}",
        '{% callout "bad" title=attack %}{{ attack }}{% endcallout %}',
        "{% field attack hint=attack error=attack %}{{ attack }}{% endfield %}",
        '{% dialog "d" title=attack lead=attack action=attack submit=attack %}{{ attack }}{% enddialog %}',
        "{% page_head attack lead=attack %}{{ attack }}{% endpage_head %}",
        "{% copy_field attack attack hint=attack %}",
        "{% copy_value attack attack multiline=True %}",
        "{% crumbs attack attack %}",
        "{% path attack attack %}",
        "{% code_block attack attack %}",
        "{% stats %}{% stat attack attack %}{% endstats %}",
        '{% checks attack %}{% check "ok" attack badge=attack %}{{ attack }}{% endcheck %}{% endchecks %}',
        "{% timeline %}{% entry now %}{{ attack }}{% endentry %}{% endtimeline %}",
        (
            "{% table attack %}{% columns attack actions=attack %}{% records %}{% record %}"
            "{% record_head attack %}{{ attack }}{% endrecord_head %}{% cell attack %}{{ attack }}{% endcell %}"
            "{% endrecord %}{% endrecords %}{% endtable %}"
        ),
        "{% sortable_columns heads actions=attack %}",
        "{% stepper heads %}{% wizard_steps heads label=attack %}",
        "{% choices attack %}{% choice attack attack attack detail=attack tile=attack badge=attack %}{% endchoices %}",
        "{% howto %}{% step attack %}{{ attack }}{% endstep %}{% endhowto %}",
        "{% when None never=attack %}",
    ],
)
def test_no_tag_lets_markup_through(source):
    heads = [{"label": ATTACK, "detail": ATTACK, "state": "done", "url": ATTACK, "sort": "ascending"}]

    html = render(source, attack=ATTACK, now=NOW, heads=heads)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_what_a_wrapper_contains_is_not_escaped_twice():
    html = render('{% card "Members" %}{% row "Tom" %}<a href="/x/">Remove</a>{% endrow %}{% endcard %}')

    assert '<a href="/x/">Remove</a>' in html


def test_a_card_is_named_by_its_heading():
    assert re.search(
        r'<section class="card" aria-labelledby="recent-changes">.*<h2 id="recent-changes">',
        render('{% card "Recent changes" %}{% endcard %}'),
        re.DOTALL,
    )


def test_a_card_without_a_name_is_refused():
    with pytest.raises(ValueError, match="needs a title"):
        render("{% card %}{% endcard %}")


def test_a_badge_says_its_state_in_a_word_and_a_shape():
    html = render('{% badge "bad" "Lapsed" %}')

    assert "Lapsed" in html
    assert "<svg" in html
    assert 'aria-hidden="true"' in html


def test_a_misspelt_icon_is_noticed_at_once():
    with pytest.raises(IconDoesNotExist):
        render('{% icon "no-such-symbol" %}')


def test_a_copy_button_says_what_it_copies():
    html = render('{% copy_field "Audience URI" "https://id.acme.example/" %}')

    assert re.search(
        r'<button type="button" data-copy="Audience URI">.*Copy</span><span class="sr"> Audience URI', html, re.S
    )


def test_a_dialog_carries_the_token_of_its_page():
    request = RequestFactory().get("/")

    html = render('{% dialog "d" title="T" action="/x/" submit="Go" %}{% enddialog %}', request)

    assert re.search(r'name="csrfmiddlewaretoken" value="\w{64}"', html)


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=-40), "40 seconds ago"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(minutes=-59, seconds=-59), "59 minutes ago"),
        (timedelta(hours=-1), "1 hour ago"),
        (timedelta(hours=-23, minutes=-59), "23 hours ago"),
        (timedelta(hours=-24), "23 November"),
        (timedelta(days=-400), "20 October 2025"),
        (timedelta(minutes=5), "in 5 minutes"),
        (timedelta(days=51), "14 January 2027"),
    ],
)
def test_a_time_is_relative_within_a_day_and_a_date_beyond(distance, text):
    assert describe_moment(NOW + distance, now=NOW) == text


def test_a_time_always_carries_the_exact_moment_in_utc():
    html = render("{% when moment now=now %}", moment=NOW - timedelta(minutes=4), now=NOW)

    assert html == ('<time datetime="2026-11-24T09:48:10Z" title="24 November 2026, 09:48:10 UTC">4 minutes ago</time>')


def test_a_moment_in_another_zone_is_shown_in_utc():
    in_tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))

    assert "24 November 2026, 09:52 UTC" in render("{% exact moment %}", moment=in_tokyo)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Northwind Labs", "NL"), ("Northwind", "N"), ("maya.ortiz@northwind.example", "MO"), ("", "–"), ("Ö", "Ö")],
)
def test_a_tile_shows_the_initials_of_the_name(name, letters):
    assert initials(name) == letters


def test_a_wrong_field_is_tied_to_its_hint_and_its_error():
    html = render("{% form_field form.address %}", form=InviteForm({"address": "nobody"}))

    assert 'aria-invalid="true"' in html
    described_by = re.search(r'aria-describedby="([^"]+)"', html)
    assert described_by
    for part in described_by[1].split():
        assert f'id="{part}"' in html
    assert "Enter a valid email address." in html


def test_radio_buttons_stand_in_a_fieldset_with_their_legend():
    html = render("{% form_field form.role %}", form=InviteForm({}))

    assert re.search(r"<fieldset.*<legend[^>]*>Role</legend>.*type=\"radio\".*</fieldset>", html, re.S)
    assert html.count('<label for="id_role_') == 2


def test_the_error_summary_takes_the_focus_and_links_to_each_field():
    html = render("{% error_summary form %}", form=InviteForm({"token": "x"}))

    assert "autofocus" in html
    assert "2 things need a change" in html
    assert '<a href="#id_address">Address: This field is required.</a>' in html
    assert '<a href="#id_role_0">Role: This field is required.</a>' in html


def test_an_error_of_a_hidden_field_is_told_without_a_link():
    html = render("{% error_summary form %}", form=InviteForm({"address": "a@b.example", "role": "user"}))

    assert "Token: This field is required." in html
    assert "<a " not in html


@pytest.mark.parametrize("form", [InviteForm(), InviteForm({"address": "a@b.example", "role": "user", "token": "x"})])
def test_without_errors_there_is_no_summary(form):
    assert render("{% error_summary form %}", form=form) == ""


@pytest.mark.parametrize(("data", "begins"), [({}, "Error: Invite"), (None, "Invite")])
def test_the_title_of_a_page_with_errors_says_so_first(data, begins):
    html = render('{% extends "layouts/auth.html" %}{% block title %}Invite{% endblock %}', form=InviteForm(data))

    assert f"<title>{begins} · Acme Identity</title>" in html


def test_pages_of_a_table_keep_the_filters():
    request = RequestFactory().get("/", {"q": "maya & tom", "page": "2", "rows": "25"})

    html = render("{% pagination page %}", request, page=Paginator(range(412), 25).page(2))

    assert "26–50 of 412." in html
    assert 'rel="next" href="?q=maya+%26+tom&amp;page=3&amp;rows=25"' in html
    assert 'rel="prev" href="?q=maya+%26+tom&amp;page=1&amp;rows=25"' in html


def test_choosing_more_rows_starts_at_the_first_page():
    request = RequestFactory().get("/", {"page": "9", "rows": "25"})

    html = render("{% pagination page %}", request, page=Paginator(range(412), 25).page(9))

    assert 'href="?page=1&amp;rows=100"' in html


def test_a_choice_is_checked_by_the_present_value():
    html = render('{% choice "idp" "okta" "Okta" selected="okta" %}{% choice "idp" "entra" "Entra" selected="okta" %}')

    assert re.findall(r'value="(\w+)" checked', html) == ["okta"]


def test_expected_and_received_are_shown_to_managers_only():
    error = BadAudience(expected="https://ours.example", received="https://theirs.example")

    assert "https://theirs.example" in render_to_string(
        "errors/refusal.html", {"error": error, "show_difference": True}
    )
    assert "https://theirs.example" not in render_to_string("errors/refusal.html", {"error": error})


def test_a_refusal_shows_reference_remedy_and_one_way_to_try_again():
    html = render_to_string(
        "errors/refusal.html",
        {"error": BadAudience(expected="X"), "reference": "ERR-7Q4K-2MVX", "retry_url": "/login/"},
    )

    assert "Set the audience to X." in html
    assert "ERR-7Q4K-2MVX" in html
    assert '<a class="btn primary" href="/login/">Try again</a>' in html
    assert settings.SUPPORT_ADDRESS in html


def test_the_page_of_last_resort_needs_no_tags():
    source = (Path(settings.BASE_DIR) / "templates/errors/500.html").read_text()

    assert "{%" not in source
    assert "{{" not in source


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_in_the_cookie_wins_over_the_system(theme):
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = theme

    assert f'<html lang="en" data-theme="{theme}">' in render_to_string("errors/404.html", request=request)


def test_an_unknown_theme_is_ignored():
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = ATTACK

    assert '<html lang="en">' in render_to_string("errors/404.html", request=request)


def test_a_mail_says_the_same_in_text_and_html():
    context = {"subject": "Sign in", "action_url": "https://id.example/?a=1&b=2", "action_label": "Sign in"}

    text = render_to_string("layouts/mail.txt", context)
    html = render_to_string("layouts/mail.html", context)

    assert "https://id.example/?a=1&b=2" in text
    assert html.count("https://id.example/?a=1&amp;b=2") == 3
    assert "Questions: " + settings.SUPPORT_ADDRESS in text


def test_no_template_carries_inline_style_or_script():
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        source = path.read_text()
        assert not re.search(r"\son\w+=|javascript:|hx-on|<script(?![^>]*\bsrc=)", source), path
        if "mail" not in str(path):  # mail programs drop style sheets, see layouts/mail.html
            assert not re.search(r"\sstyle=|<style", source), path


def test_the_vendored_htmx_is_the_published_one():
    digest = hashlib.sha256((STATIC / "htmx-4.0.1.min.js").read_bytes()).hexdigest()

    assert digest == "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
    assert digest in (STATIC / "README.md").read_text()


def test_the_script_stays_tiny():
    assert len((STATIC / "app.js").read_bytes()) < 3000
