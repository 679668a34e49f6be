"""Integrators: the clients of the API."""

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication, ApplicationManager

from badges.models.names import SearchableByName
from badges.models.querysets import IntegratorQuerySet
from badges.models.stamps import new_stamp

ApplicationManagerWithQueries = ApplicationManager.from_queryset(IntegratorQuerySet)


class IntegratorManager(ApplicationManagerWithQueries):
    """The OAuth toolkit's manager (look-up by client id) with the queries of this project."""

    def principal(self, **identity: str | int) -> "Integrator | None":
        """Return the integrator with all its rights, in one query."""
        rows = list(self.with_rights().filter(**identity))
        if not rows:
            return None
        integrator = rows[0]
        integrator.rights = frozenset(row.right for row in rows if row.right)
        return integrator


class Integrator(SearchableByName, AbstractApplication):
    """An API client: the OAuth toolkit's application, and a member of access groups.

    It acts as Django's user of an API request, so it has the methods that check permissions. Its
    secret is shown once and stored only as a hash.
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

    # Changes with the integrator and with the rights of its groups. A process may use a cached
    # integrator as long as every write compares this number with the database (CONTRACT.md, 7).
    stamp = models.BigIntegerField(default=new_stamp, editable=False)

    previous_secret = models.CharField(max_length=255, blank=True, editable=False)
    previous_secret_ends_at = models.DateTimeField(
        _("previous secret ends"), null=True, blank=True, editable=False
    )

    objects = IntegratorManager()

    is_authenticated = True
    is_anonymous = False
    rights: frozenset[str] = frozenset()
    right: str | None  # set by `with_rights`

    class Meta(AbstractApplication.Meta):
        verbose_name = _("integrator")
        verbose_name_plural = _("integrators")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["search_key"], name="integrator_by_search_key"),
            models.Index(fields=["active", "name"], name="integrator_by_switch"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="integrator_name_is_unique"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether the integrator may call the API: it is switched on, and has not ended."""
        return self.active and (self.ends_at is None or timezone.now() < self.ends_at)

    @property
    def overlaps(self) -> bool:
        """Whether the secret before the last rotation is still valid."""
        ends_at = self.previous_secret_ends_at
        return bool(self.previous_secret) and ends_at is not None and timezone.now() < ends_at

    def knows(self, secret: str) -> bool:
        """Return whether a secret is the current one, or the previous one if still valid."""
        return check_password(secret, self.client_secret) or (
            self.overlaps and check_password(secret, self.previous_secret)
        )

    def has_right(self, right: str | None) -> bool:
        """Return whether the access groups grant the right; only for a result of `principal`."""
        return right in self.rights

    def is_usable(self, request) -> bool:
        """Return whether a token may be issued or accepted; the OAuth toolkit calls this."""
        return self.is_active
