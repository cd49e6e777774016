#!/usr/bin/env python
"""Run a management command of the platform; without other word the development settings are used."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_platform.settings.dev")
    execute_from_command_line(sys.argv)
