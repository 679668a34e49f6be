"""Filters that users save for the pages of the ledgers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class SavedFilter(models.Model):
    """A filter that a user has saved under a name, and may share with all colleagues.

    `ledger` is the page to which the filter belongs, and `query` is the query string of that page.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, verbose_name=_("user")
    )
    ledger = models.CharField(_("page"), max_length=30)
    name = models.CharField(_("name"), max_length=100)
    query = models.CharField(_("filters"), max_length=2000)
    shared = models.BooleanField(_("shared"), default=False, db_default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name"]
        permissions = [("remove_shared_filter", gettext_noop("Can remove views of others"))]
        indexes = [
            models.Index(
                fields=["ledger", "name"], condition=Q(shared=True), name="shared_filter_by_page"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="filter_has_a_name_of_its_own"),
        ]

    def __str__(self):
        return self.name
