"""The configuration of the project's only app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class BadgesConfig(AppConfig):
    name = "badges"
    verbose_name = _("Badges")

    def ready(self):
        from badges import checks, database  # noqa: F401 - registers the checks
        from badges.api.schema import base  # noqa: F401 - registers the security schemes
        from badges.audit import guards
        from badges.services.access.account_keys import keep_key
        from badges.services.access.built_in_groups import install_roles

        connection_created.connect(database.configure)
        post_migrate.connect(install_roles, sender=self)
        post_migrate.connect(guards.install, sender=self)
        for account in ("auth.User", "auth.Group"):
            post_save.connect(keep_key, sender=account)
