"""Settings for building an image: enough to collect the static files, and nothing that could serve anybody."""

from identity_platform.settings.base import *  # noqa: F403 - settings modules build on each other

SECRET_KEY = "collectstatic wants one"  # noqa: S105 - signs nothing: no process that serves has these settings
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
