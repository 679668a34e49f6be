"""The request log: one row for each attempt to change something, accepted or refused."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from badges.models.choices import Channel, Operation, RequestOutcome
from badges.models.definitions import BadgeMeta
from badges.models.integrators import Integrator
from badges.querysets import RequestLogQuerySet


class RequestLog(models.Model):
    """One attempt to change something, through any door; append-only.

    An accepted row is written in the transaction of its effect, a refused one after the rollback.
    The unique constraint over accepted request ids **is** the idempotency guarantee.
    """

    operation = models.CharField(_("operation"), max_length=20, choices=Operation.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    integrator = models.ForeignKey(
        Integrator,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("integrator"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("user"),
    )
    request_id = models.CharField(_("request id"), max_length=100, null=True, blank=True)  # noqa: DJ001 - null is "none given", which the unique constraint passes over
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True)
    content = models.TextField(_("content as received"), blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    badge = models.ForeignKey(
        BadgeMeta,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("badge"),
    )
    customer_id = models.BigIntegerField(_("customer"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=RequestOutcome.choices)
    code = models.PositiveIntegerField(
        _("code"), null=True, blank=True, help_text=_("The first error code of a refusal.")
    )
    errors = models.JSONField(_("errors as answered"), default=list, blank=True)
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    objects = RequestLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("request log")
        ordering = ["-pk"]
        permissions = [("view_receipt", "Can read the receipts of own requests")]
        constraints = [
            models.UniqueConstraint(
                fields=["request_id"],
                condition=Q(outcome=RequestOutcome.ACCEPTED),
                name="request_id_is_accepted_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome=RequestOutcome.ACCEPTED, code__isnull=True)
                | Q(outcome=RequestOutcome.REFUSED, code__isnull=False),
                name="request_has_a_code_when_refused",
            ),
            models.CheckConstraint(
                condition=Q(integrator__isnull=True) | Q(user__isnull=True),
                name="request_has_one_actor",
            ),
        ]
        indexes = [
            *(
                models.Index(
                    fields=[column, "-id"],
                    condition=Q(**{f"{column}__isnull": False}),
                    name=f"request_by_{name}",
                )
                for column, name in [
                    ("request_id", "request_id"),
                    ("customer_id", "customer"),
                    ("badge", "badge"),
                    ("integrator", "integrator"),
                    ("user", "user"),
                    ("code", "code"),
                ]
            ),
        ]

    def __str__(self):
        return f"{self.get_operation_display()} {self.request_id or self.pk}"

    @property
    def actor(self) -> str:
        """The name of whoever asked."""
        return str(self.integrator or self.user or _("command line"))

    @cached_property
    def earned(self):
        """The badge that this request gave to its one customer, or None."""
        return self.earnedbadge_set.first() if self.operation == Operation.EARN else None

    def is_by(self, other: "RequestLog") -> bool:
        """Whether the same integrator or the same person made both attempts."""
        return (self.integrator_id, self.user_id) == (other.integrator_id, other.user_id)
