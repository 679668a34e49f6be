"""The one app of the project."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BadgesConfig(AppConfig):
    name = "badges"
    verbose_name = _("Badges")

    def ready(self):
        from badges.api.schema import base  # noqa: F401 - registers the security schemes
        from badges.audit import guards
        from badges.roles import install_roles

        post_migrate.connect(install_roles, sender=self)
        post_migrate.connect(guards.install, sender=self)
