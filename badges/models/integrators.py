"""Integrators: the clients of the API."""

import secrets

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, ApplicationManager

from badges.querysets import IntegratorQuerySet


def new_stamp() -> int:
    """Return a random number that fits a column of 64 bits."""
    return secrets.randbits(63)


class IntegratorManager(ApplicationManager.from_queryset(IntegratorQuerySet)):
    """The OAuth toolkit's manager (look-up by client id) with our questions."""

    def principal(self, **identity) -> "Integrator | None":
        """Return the integrator with all its rights, in one query."""
        rows = list(self.with_rights().filter(**identity))
        if not rows:
            return None
        integrator = rows[0]
        integrator.rights = frozenset(row.right for row in rows if row.right)
        return integrator


class Integrator(AbstractApplication):
    """An API client: the OAuth toolkit's application, and a member of access groups.

    It stands where Django expects a user in an API request, so it can be asked for permissions.
    Its secret is shown once and kept as a hash alone.
    """

    active = models.BooleanField(_("active"), default=True)
    access_groups = models.ManyToManyField(
        Group, verbose_name=_("access groups"), blank=True, related_name="integrators"
    )

    owner_types = models.JSONField(
        _("owner types"),
        default=list,
        blank=True,
        help_text=_("The modules it may claim and give badges for; none named means all."),
    )
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("In UTC; refused from then on.")
    )

    # Another number after every change to it or to the rights of its groups: what a process knows
    # of an integrator holds while this stands, which every write asks the database (design, 7).
    stamp = models.BigIntegerField(default=new_stamp, editable=False)

    previous_secret = models.CharField(max_length=255, blank=True, editable=False)
    previous_secret_ends_at = models.DateTimeField(
        _("previous secret ends"), null=True, blank=True, editable=False
    )

    objects = IntegratorManager()

    is_authenticated = True
    is_anonymous = False
    rights: frozenset[str] = frozenset()

    class Meta(AbstractApplication.Meta):
        verbose_name = _("integrator")
        verbose_name_plural = _("integrators")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="integrator_name_is_unique"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether it may call at all: switched on, and not past its end."""
        return self.active and (self.ends_at is None or timezone.now() < self.ends_at)

    @property
    def overlaps(self) -> bool:
        """Whether the secret it had before the last rotation still works."""
        ends_at = self.previous_secret_ends_at
        return bool(self.previous_secret and ends_at) and timezone.now() < ends_at

    def knows(self, secret: str) -> bool:
        """Whether it is the secret, or the one before it that still works."""
        return check_password(secret, self.client_secret) or (
            self.overlaps and check_password(secret, self.previous_secret)
        )

    def may_act_for(self, owner_type: str) -> bool:
        return not self.owner_types or owner_type in self.owner_types

    def has_right(self, right: str | None) -> bool:
        """Whether the access groups give the right; asked of a `principal` only."""
        return right in self.rights

    def is_usable(self, request) -> bool:
        """The OAuth toolkit asks before it issues or accepts a token."""
        return self.is_active
