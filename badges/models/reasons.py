"""The list of reasons for issuing a badge, and the reasons that requests state."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.models.groups import Described
from badges.models.requests import RequestLog

MAX_CASE_NUMBER_LENGTH = 50


class IssueReason(Described):
    """A reason for issuing a badge, from the list that supervisors maintain."""

    rank = models.IntegerField(_("rank"))

    class Meta(Described.Meta):
        verbose_name = _("reason for issuing")
        verbose_name_plural = _("reasons for issuing")
        ordering = ["rank", "name"]
        indexes = [
            *Described.Meta.indexes,
            models.Index(fields=["rank", "name", "id"], name="issuereason_by_rank"),
        ]


class StatedReason(models.Model):
    """The reason from the list and the case number that staff gave with a request; append-only.

    `words` is the name of the reason at that time, so that a later change of the list does not
    change the record. `customer_id` is that of the request, or None for a list.
    """

    request = models.OneToOneField(
        RequestLog, models.PROTECT, related_name="stated", verbose_name=_("request")
    )
    customer_id = models.BigIntegerField(_("customer"), null=True, blank=True)
    reason = models.ForeignKey(
        IssueReason,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("reason"),
    )
    words = models.CharField(_("reason in words"), max_length=255, blank=True)
    case_number = models.CharField(_("case number"), max_length=MAX_CASE_NUMBER_LENGTH, blank=True)

    class Meta:
        verbose_name = _("stated reason")
        verbose_name_plural = _("stated reasons")
        ordering = ["-request"]
        indexes = [
            models.Index(
                fields=["reason", "-request"],
                condition=Q(reason__isnull=False),
                name="stated_reason_by_reason",
            ),
            models.Index(
                fields=["case_number", "-request"],
                condition=~Q(case_number=""),
                name="stated_reason_by_case",
            ),
            models.Index(
                fields=["customer_id"],
                condition=Q(customer_id__isnull=False),
                name="stated_reason_by_customer",
            ),
        ]

    def __str__(self):
        return ", ".join(part for part in (self.words, self.case_number) if part)
