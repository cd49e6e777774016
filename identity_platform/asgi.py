"""The ASGI application, for servers that speak it; under production settings it refuses to exist insecurely."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_platform.settings.dev")

application = get_asgi_application()

from identity_platform.checks import refuse_to_start_insecurely  # noqa: E402 - the checks need the loaded apps

refuse_to_start_insecurely()
