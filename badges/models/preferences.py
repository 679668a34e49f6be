"""The preferences of members of staff for their own screens."""

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preferences(models.Model):
    """The choices of one person, which affect only the pages that this person sees.

    A person without a row is treated as one with a row of defaults. `tables` maps the name of a
    table to its `TableChoices`; `dismissed` lists the hints that the person does not want to see
    again.
    """

    user = models.OneToOneField(
        User,
        models.CASCADE,
        primary_key=True,
        related_name="stored_preferences",
        verbose_name=_("user"),
    )
    # The name of a zone of the IANA database; empty for the zone of the organisation.
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", db_default=""
    )
    tables = models.JSONField(_("tables"), default=dict)
    dismissed = models.JSONField(_("dismissed hints"), default=list)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self):
        return str(self.user)
