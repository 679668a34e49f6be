"""Security data of users, which decides with the password whether a session remains valid."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from badges.models.preferences import Preferences


class UserSecurity(models.Model):
    """The sign-in data of a user for which Django's own table has no column.

    A user without a row is treated as one with a row of defaults.
    """

    user = models.OneToOneField(
        User, models.CASCADE, primary_key=True, related_name="security", verbose_name=_("user")
    )
    # A new number ends every session, and forgets every known device, that began with another one.
    session_stamp = models.BigIntegerField(default=0, db_default=0)
    # The hash of the set-up code that a second factor requires; emptied once the code is used.
    setup_code = models.CharField(max_length=64, blank=True, default="", db_default="")
    setup_code_ends_at = models.DateTimeField(null=True)
    # The hash of the code of a set-up link; emptied once a password is set.
    setup_link = models.CharField(max_length=64, blank=True, default="", db_default="")
    setup_link_ends_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("user security")
        verbose_name_plural = _("user security")
        ordering = ["pk"]
        default_permissions = ()
        permissions = [("manage_people", gettext_noop("Can manage people"))]
        constraints = [
            models.UniqueConstraint(
                fields=["setup_link"],
                condition=~models.Q(setup_link=""),
                name="setup_link_has_one_owner",
            ),
        ]

    def __str__(self):
        return str(self.user)


class Person(User):
    """A user whose sessions end with a new stamp, as they do with a new password."""

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def preferences(self) -> Preferences:
        """The stored preferences, or those of a person who has chosen nothing."""
        return getattr(self, "stored_preferences", None) or Preferences(user=self)

    @property
    def session_stamp(self) -> int:
        security = getattr(self, "security", None)
        return security.session_stamp if security else 0

    def get_session_auth_hash(self) -> str:
        return self._stamped(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._stamped, super().get_session_auth_fallback_hash())

    def _stamped(self, password_hash: str) -> str:
        """Return the hash with the stamp, or Django's own hash if there is no stamp."""
        return f"{password_hash}.{self.session_stamp}" if self.session_stamp else password_hash
