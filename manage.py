#!/usr/bin/env python
"""Django's command line for BadgeAdmin."""

import os
import sys


def main():
    os.umask(0o077)  # sessions, keys and customers are in the files: for their owner alone
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"BadgeAdmin is not configured: {error}")


if __name__ == "__main__":
    main()
