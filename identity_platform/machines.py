"""What machines are told where nothing is served yet: SCIM and REST answer in their own forms from the first day.

No bearer token is good here, so each answer is a refusal: SCIM 401 on any path (spec 7.9), REST 401.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from identity_platform.errors import PlatformError


class TokenNeeded(PlatformError):
    code = "token_needed"
    message = "A valid bearer token is needed."
    remedy = "Send it as Authorization: Bearer."
    status = 401


@csrf_exempt
@login_not_required
def scim(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise TokenNeeded


@csrf_exempt
@login_not_required
def api(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise TokenNeeded
