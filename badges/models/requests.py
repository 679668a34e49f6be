"""The request log: one row for each attempted change, sign-in or look-up."""

import json
from functools import partial
from typing import TYPE_CHECKING, TypedDict

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
from badges.models.querysets import RequestLogQuerySet, StoredAnswerQuerySet

if TYPE_CHECKING:
    from badges.models.ledgers import EarnedBadge, Fact

# The values of most requests: accepted earns through the API.
COMMON_VALUES = {
    "outcome": RequestOutcome.ACCEPTED,
    "channel": Channel.API,
    "operation": Operation.EARN,
}


class OutcomeRow(TypedDict):
    """The outcome of a request for one customer: the ids of facts, or the code of the refusal."""

    customer_id: int
    earned_badge_id: str | None
    issued_id: str | None
    error_code: int | None


def name_in_attempt(content: str) -> str:
    """Return the name in the content of a failed sign-in, or "" if there is none.

    `services.access.sign_in` decides which names are recorded.
    """
    try:
        details = json.loads(content)
    except ValueError:
        return ""
    if not isinstance(details, dict):
        return ""
    return str(details.get("username") or details.get("client_id") or "")


class RequestLog(models.Model):
    """One attempted change, sign-in or look-up, through any channel; append-only.

    An accepted row is written in the transaction of its effect, a refused one after the rollback.
    The unique constraint on accepted request ids **is** the idempotency guarantee.
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
            # Partial indexes exclude the common value: scanning the key is as fast.
            *(
                models.Index(
                    fields=[column, "-id"],
                    condition=~Q(**{column: common}),
                    name=f"request_by_{column}",
                )
                for column, common in COMMON_VALUES.items()
            ),
            models.Index(fields=["received_at", "id"], name="request_by_time"),
            # For the timeline of one customer and badge, which shows refusals. Accepted requests,
            # the majority, are not in the index.
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
        """The name of the actor, or for a failed sign-in the name that was tried, if it exists."""
        if actor := self.integrator or self.user:
            return str(actor)
        if self.channel == Channel.COMMAND:
            return str(_("command line"))
        if name := self.attempted_name:
            return str(_("not signed in (tried: %(name)s)") % {"name": name})
        return str(_("not signed in"))

    @property
    def attempted_name(self) -> str:
        """The username or client id of a failed sign-in, or "" if it is not in the record.

        For rows without their content, `RequestLogQuerySet.with_attempt` adds `attempt`.
        """
        content = getattr(self, "attempt", None)
        return name_in_attempt(self.content if content is None else content)

    @cached_property
    def earned(self) -> "EarnedBadge | None":
        """The badge that this request gave to its only customer, or None."""
        return self.first_earned if self.operation == Operation.EARN else None

    @cached_property
    def first_earned(self) -> "EarnedBadge | None":
        """An earned badge that this request wrote, or None; those of a list have the same dates."""
        if self.operation not in (Operation.EARN, Operation.EARN_BULK):
            return None
        return self.earnedbadge_set.order_by("customer_id").first()

    @cached_property
    def first_fact(self) -> "Fact | None":
        """An earned badge or enrolment that this request wrote, or None."""
        if self.operation == Operation.ENROL_BULK:
            return self.enrolment_set.order_by("customer_id").first()
        return self.first_earned

    def outcomes(self) -> "models.QuerySet[Fact, OutcomeRow]":
        """Return the outcome for each customer, by customer id: the ids of facts, or `error_code`.

        The facts are those that the request wrote or, for a revocation, those that it revoked.
        """
        is_enrolment = self.operation in (Operation.ENROL_BULK, Operation.REVOKE_ENROLMENT)
        by_operation: dict[str, models.Manager[Fact]] = {
            Operation.ENROL_BULK: self.enrolment_set,
            Operation.REVOKE_EARN: self.revoked_earnedbadges,
            Operation.REVOKE_ENROLMENT: self.revoked_enrolments,
        }
        facts = by_operation.get(self.operation, self.earnedbadge_set)
        id_of = partial(Cast, output_field=models.CharField(max_length=ID_LENGTH))
        no_id = id_of(Value(None))
        written = facts.order_by().values(
            "customer_id",
            earned_badge_id=no_id if is_enrolment else id_of("pk"),
            issued_id=id_of("pk" if is_enrolment else "enrolment_id"),
            error_code=Cast(Value(None), models.IntegerField()),
        )
        refused = self.refused_items.order_by().values(
            "customer_id",
            earned_badge_id=no_id,
            issued_id=no_id,
            error_code=F("code"),
        )
        return written.union(refused, all=True).order_by(
            "customer_id", "earned_badge_id", "issued_id"
        )

    def is_by(self, other: "RequestLog") -> bool:
        """Return whether the same integrator or user made both requests."""
        return (self.integrator_id, self.user_id) == (other.integrator_id, other.user_id)


class RefusedItem(models.Model):
    """One customer that an accepted bulk request refused; for the others it wrote facts."""

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
    """The response to an accepted request with an `Idempotency-Key`, returned again to a retry."""

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
