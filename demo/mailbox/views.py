"""The mailbox: what was emailed, newest first. A mail's HTML is shown in a frame that may do nothing but be read."""

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from demo.models import SentMail

MAILS_ON_A_PAGE = 25
MAIL_POLICY = {
    "default-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "form-action": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [SELF],
    # A link is followed by the whole tab, and only when a person clicks it.
    "sandbox": ["allow-top-navigation-by-user-activation"],
}


@require_safe
def list_mails(request: HttpRequest) -> HttpResponse:
    address = request.GET.get("to", "").strip().lower()
    mails = SentMail.objects.filter(to__icontains=address) if address else SentMail.objects.all()
    page = Paginator(mails, MAILS_ON_A_PAGE).get_page(request.GET.get("page"))
    addresses = SentMail.objects.order_by("to").values_list("to", flat=True).distinct()
    return render(
        request, "demo/mailbox/list.html", {"page": page, "address": address, "addresses": addresses, "mails": page}
    )


@require_safe
def show_mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    mail = get_object_or_404(SentMail, pk=mail_id)
    return render(request, "demo/mailbox/mail.html", {"mail": mail})


@require_safe
@xframe_options_sameorigin
@csp(MAIL_POLICY)  # type: ignore[arg-type]  # its types know no views with arguments
def show_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML as it was sent. Its links leave the frame: no page of the platform lets itself be framed."""
    mail = get_object_or_404(SentMail, pk=mail_id)
    return HttpResponse(mail.html.replace("<head>", '<head><base target="_top">', 1))
