"""Badge groups, and custom fields defined by the organisation."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.models.choices import DataType
from badges.models.ids import HexIdField
from badges.models.names import SearchableByName

# The range of an integer column in every database, which the API allows too.
RANKS: dict[str, Any] = {"min_value": -(2**31), "max_value": 2**31 - 1}


class Described(SearchableByName):
    """The common columns of groups and custom fields, whose names are unique among active rows.

    `created_by` and `updated_by` are the ids of integrators or users, as in the API; the request
    log has the actor and the channel.
    """

    id = HexIdField()
    name = models.CharField(_("name"), max_length=255)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.BigIntegerField(_("created by"), null=True, editable=False)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)
    updated_by = models.BigIntegerField(_("last changed by"), null=True, editable=False)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["search_key"], name="%(class)s_by_search_key")]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(active=True), name="%(class)s_active_name_is_unique"
            ),
        ]

    def __str__(self):
        return self.name


class BadgeGroup(Described):
    """A ranked group of badges, used only for the display order (CONTRACT.md, 2.17 and 4.8)."""

    rank = models.IntegerField(_("rank"))

    class Meta(Described.Meta):
        verbose_name = _("badge group")
        verbose_name_plural = _("badge groups")
        ordering = ["rank", "name"]
        indexes = [
            *Described.Meta.indexes,
            models.Index(fields=["rank", "name", "id"], name="badgegroup_by_rank"),
        ]


class CustomField(Described):
    """A field defined by the organisation, for which badges have values (CONTRACT.md, 2.18)."""

    data_type = models.CharField(_("type of data"), max_length=8, choices=DataType.choices)
    is_mandatory = models.BooleanField(_("mandatory"), default=False)
    default_value = models.CharField(_("default"), max_length=1000, blank=True)

    class Meta(Described.Meta):
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["name"]
        indexes = [
            *Described.Meta.indexes,
            models.Index(fields=["active", "-updated_at", "id"], name="customfield_by_change"),
            models.Index(fields=["active", "name", "id"], name="customfield_by_name"),
        ]
