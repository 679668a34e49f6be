"""How badges are shown: ranked groups, and fields of the organisation's own."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.models.choices import DataType
from badges.models.ids import HexIdField

# What every database holds, and the wire allows.
RANKS = {"min_value": -(2**31), "max_value": 2**31 - 1}


class Described(models.Model):
    """What groups and custom fields share: a name of their own while active, and who made them.

    `created_by` and `updated_by` are the numbers of the integrator or member of staff, as the wire
    has them; who it was, and through which door, stands in the request log.
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
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(active=True), name="%(class)s_active_name_is_unique"
            ),
        ]

    def __str__(self):
        return self.name


class BadgeGroup(Described):
    """A ranked bucket of badges, for display order alone (contract, 2.17 and 4.8)."""

    rank = models.IntegerField(_("rank"))

    class Meta(Described.Meta):
        verbose_name = _("badge group")
        verbose_name_plural = _("badge groups")
        ordering = ["rank", "name"]


class CustomField(Described):
    """A field of the organisation's own that badges have values for (contract, 2.18)."""

    data_type = models.CharField(_("type of data"), max_length=8, choices=DataType.choices)
    is_mandatory = models.BooleanField(_("mandatory"), default=False)
    default_value = models.CharField(_("default"), max_length=1000, blank=True)

    class Meta(Described.Meta):
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["name"]
