"""Settings of the demo's own web site, which `manage.py demo_world` serves in a process of its own.

It shares the database with the platform, for its own tables, and nothing else: cookies carry other names, because a
browser sends them to every port of a host.
"""

from identity_platform.settings.dev import *  # noqa: F403 - settings modules build on each other
from identity_platform.settings.dev import CONTENT_SECURITY_POLICY as PLATFORM_POLICY
from identity_platform.settings.dev import PUBLIC_URL

ROOT_URLCONF = "demo.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "demo.middleware.RefusalMiddleware",
]
CSRF_COOKIE_NAME = "demo-csrftoken"
CSRF_FAILURE_VIEW = "demo.views.refuse_forgery"
MESSAGE_STORAGE = "demo.messages.MessageStorage"
LOGIN_URL = "/"

# The identity provider's answers are forms that the browser posts to the platform.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        **PLATFORM_POLICY["DIRECTIVES"],
        "form-action": [*PLATFORM_POLICY["DIRECTIVES"]["form-action"], PUBLIC_URL],
        "frame-src": PLATFORM_POLICY["DIRECTIVES"]["script-src"],
    },
}
# A changed style sheet is served whole, without a restart.
WHITENOISE_AUTOREFRESH = True
