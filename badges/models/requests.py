"""The request log: one row for each attempt to change something, to come in, or to look up."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from badges.models.choices import Channel, Operation, RequestOutcome
from badges.models.definitions import BadgeMeta
from badges.models.ids import ID_LENGTH
from badges.models.integrators import Integrator
from badges.querysets import RequestLogQuerySet, StoredAnswerQuerySet

# What most requests are: issues that an integrator asks for and gets.
USUAL = {
    "outcome": RequestOutcome.ACCEPTED,
    "channel": Channel.API,
    "operation": Operation.EARN,
}


class RequestLog(models.Model):
    """One attempt to change something, to come in, or to look up; through any door; append-only.

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
        permissions = [("view_receipt", gettext_noop("Can read the receipts of own requests"))]
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
            # What most requests are has no index: read along the key, every row or nearly is one.
            *(
                models.Index(
                    fields=[column, "-id"],
                    condition=~Q(**{column: usual}),
                    name=f"request_by_{column}",
                )
                for column, usual in USUAL.items()
            ),
            models.Index(fields=["received_at", "id"], name="request_by_time"),
            # A timeline has the refusals of one customer with one badge; accepted requests, the
            # many, are not in it.
            models.Index(
                fields=["customer_id", "badge", "received_at"],
                condition=Q(outcome=RequestOutcome.REFUSED),
                name="request_refused",
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

    def outcomes(self):
        """What became of each customer, by customer id: `fact_id` or `error_code`.

        The facts are those it wrote or, for a revocation, those it revoked.
        """
        facts = {
            Operation.ENROL_BULK: self.enrolment_set,
            Operation.REVOKE_EARN: self.revoked_earnedbadges,
            Operation.REVOKE_ENROLMENT: self.revoked_enrolments,
        }.get(self.operation, self.earnedbadge_set)
        written = facts.order_by().values(
            "customer_id",
            fact_id=Cast("pk", models.CharField(max_length=ID_LENGTH)),
            error_code=Cast(Value(None), models.IntegerField()),
        )
        refused = self.refused_items.order_by().values(
            "customer_id",
            fact_id=Cast(Value(None), models.CharField(max_length=ID_LENGTH)),
            error_code=F("code"),
        )
        return written.union(refused, all=True).order_by("customer_id", "fact_id")

    def is_by(self, other: "RequestLog") -> bool:
        """Whether the same integrator or the same person made both attempts."""
        return (self.integrator_id, self.user_id) == (other.integrator_id, other.user_id)


class RefusedItem(models.Model):
    """One customer of an accepted bulk request that was refused; the others have their facts."""

    request = models.ForeignKey(
        RequestLog, models.PROTECT, db_index=False, related_name="refused_items"
    )
    customer_id = models.BigIntegerField(_("customer"))
    code = models.PositiveIntegerField(_("code"))
    message = models.CharField(_("message"), max_length=500)

    class Meta:
        verbose_name = _("refused item")
        verbose_name_plural = _("refused items")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["customer_id", "-id"], name="refused_item_by_customer"),
            models.Index(fields=["request", "customer_id"], name="refused_item_by_request"),
        ]

    def __str__(self):
        return f"{self.customer_id}: {self.code}"


class StoredAnswer(models.Model):
    """What an accepted request with an `Idempotency-Key` was answered, to be answered again."""

    integrator = models.ForeignKey(Integrator, models.PROTECT)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = StoredAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["integrator", "key"], name="idempotency_key_is_answered_once"
            ),
        ]

    def __str__(self):
        return f"{self.integrator} {self.key}"
