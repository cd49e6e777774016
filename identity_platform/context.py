"""What every template may say of the deployment."""

from django.conf import settings
from django.http import HttpRequest


def platform(request: HttpRequest) -> dict[str, object]:
    return {
        "platform_name": settings.PLATFORM_NAME,
        "support_address": settings.SUPPORT_ADDRESS,
        "is_demo": settings.DEMO,
        "demo_url": getattr(settings, "DEMO_URL", ""),
    }
