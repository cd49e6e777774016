"""The mailbox: what Django sends arrives on its page, and a mail's HTML can do nothing there."""

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client

from demo.models import SentMail


def send(to: list[str], *, subject: str = "Sign in", html: str = "") -> None:
    mail = EmailMultiAlternatives(subject, "Your link: http://localhost:8000/login/link/abc/ <b>", to=to)
    if html:
        mail.attach_alternative(html, "text/html")
    mail.send()


@pytest.mark.django_db
def test_each_addressee_gets_a_mail_and_the_newest_stands_first(demo_site: None, browser: Client) -> None:
    send(["maya@northwind.example", "gita@globex.example"], subject="First")
    send(["maya@northwind.example"], subject="Second")
    page = browser.get("/mailbox/").content.decode()
    assert SentMail.objects.count() == 3
    assert page.index("Second") < page.index("First")


@pytest.mark.django_db
def test_the_list_narrows_to_an_address(demo_site: None, browser: Client) -> None:
    send(["maya@northwind.example"], subject="For Maya")
    send(["gita@globex.example"], subject="For Gita")
    page = browser.get("/mailbox/?to=GITA@").content.decode()
    assert "For Gita" in page
    assert "For Maya" not in page
    assert "Nothing was sent to" in browser.get("/mailbox/?to=nobody").content.decode()


@pytest.mark.django_db
def test_links_of_the_text_can_be_clicked_and_markup_stays_text(demo_site: None, browser: Client) -> None:
    send(["maya@northwind.example"])
    page = browser.get(f"/mailbox/{SentMail.objects.get().pk}/").content.decode()
    assert '<a href="http://localhost:8000/login/link/abc/"' in page
    assert "&lt;b&gt;" in page


@pytest.mark.django_db
def test_html_is_shown_in_a_frame_that_runs_nothing(demo_site: None, browser: Client) -> None:
    send(["maya@northwind.example"], html="<html><head></head><body><script>alert(1)</script></body></html>")
    mail = SentMail.objects.get()
    page = browser.get(f"/mailbox/{mail.pk}/").content.decode()
    frame = browser.get(f"/mailbox/{mail.pk}/html/")
    directives = dict(part.partition(" ")[::2] for part in frame["Content-Security-Policy"].split("; "))
    assert "<script>alert" not in page
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page
    assert directives["sandbox"] == "allow-top-navigation-by-user-activation"
    assert directives["default-src"] == "'none'"
    assert "script-src" not in directives
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in frame.content.decode()


@pytest.mark.django_db
def test_a_mail_without_html_has_no_frame(demo_site: None, browser: Client) -> None:
    send_mail("Plain", "Words", None, ["maya@northwind.example"])
    assert "<iframe" not in browser.get(f"/mailbox/{SentMail.objects.get().pk}/").content.decode()
