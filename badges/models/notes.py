"""Notes of staff about customers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from badges.models.requests import RequestLog

MAX_NOTE_LENGTH = 1_000


class CustomerNote(models.Model):
    """A note of a member of staff about a customer; append-only.

    Its request has the author and the time, but not the text. An erasure of the customer empties
    the text.
    """

    request = models.OneToOneField(
        RequestLog, models.PROTECT, related_name="note", verbose_name=_("request")
    )
    customer_id = models.BigIntegerField(_("customer"))
    text = models.CharField(_("text"), max_length=MAX_NOTE_LENGTH, blank=True)

    class Meta:
        verbose_name = _("note on a customer")
        verbose_name_plural = _("notes on customers")
        ordering = ["-pk"]
        default_permissions = ("add", "view")
        indexes = [models.Index(fields=["customer_id", "-id"], name="note_by_customer")]

    def __str__(self):
        return f"{self.customer_id}: {self.pk}"
