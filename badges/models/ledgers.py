"""The ledgers of enrolments and earned badges. Rows are only added, or revoked once."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from badges.models.choices import FactStatus, OwnerType
from badges.models.definitions import BadgeMeta
from badges.models.ids import HexIdField
from badges.models.querysets import EnrolmentQuerySet, FactQuerySet
from badges.models.requests import RequestLog
from badges.models.values import is_never


class Fact(models.Model):
    """The common columns of enrolments and earned badges: customer, request and revocation."""

    id = HexIdField()
    badge = models.ForeignKey(BadgeMeta, models.PROTECT, db_index=False, verbose_name=_("badge"))
    customer_id = models.BigIntegerField(_("customer"))
    event_at = models.DateTimeField(_("event date"))
    expires_at = models.DateTimeField(_("expires"))
    owner_type = models.CharField(_("owner"), max_length=20, choices=OwnerType.choices, blank=True)
    reference_id = models.CharField(_("reference id"), max_length=255, blank=True)
    request = models.ForeignKey(
        RequestLog, models.PROTECT, db_index=False, verbose_name=_("request")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revocation = models.ForeignKey(
        RequestLog,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="revoked_%(class)ss",
        verbose_name=_("revocation"),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(customer_id__gte=1), name="%(class)s_customer_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revocation__isnull=True)
                | Q(revoked_at__isnull=False, revocation__isnull=False),
                name="%(class)s_revocation_has_its_request",
            ),
        ]
        # The customer is a part of the indexes because a long list is read in pages, by customer.
        # Indexes on the request are needed in any case; request ids ascend, so an earn still
        # appends to their end.
        indexes = [
            models.Index(fields=["request", "customer_id"], name="%(class)s_by_request"),
            models.Index(
                fields=["revocation", "customer_id"],
                condition=Q(revocation__isnull=False),
                name="%(class)s_by_revocation",
            ),
            models.Index(
                fields=["badge", "revocation", "customer_id"],
                condition=Q(revocation__isnull=False),
                name="%(class)s_by_revoked_badge",
            ),
        ]

    def __str__(self):
        return f"{self.badge} / {self.customer_id}"

    @property
    def never_expires(self) -> bool:
        """Whether `expires_at` stands for an expiry that never comes (CONTRACT.md, 4.6)."""
        return is_never(self.expires_at, base=self.expiry_base)

    @property
    def expiry_base(self) -> datetime:
        """The datetime from which the expiry is counted."""
        raise NotImplementedError

    def status(self, now: datetime) -> FactStatus:
        """Return the status at `now`; the event date may be in the future."""
        if self.revoked_at is not None:
            return FactStatus.REVOKED
        if now >= self.expires_at:
            return FactStatus.EXPIRED
        return FactStatus.UPCOMING if now < self.event_at else FactStatus.ACTIVE


class Enrolment(Fact):
    """A customer may earn an ISSUE_EARN badge from `event_at` until `expires_at`.

    The periods of one customer and badge never overlap (1040), except for revoked enrolments; the
    service ensures this under the lock of the badge and customer.
    """

    enrolled_at = models.DateTimeField(_("enrolled"))

    objects = EnrolmentQuerySet.as_manager()

    class Meta(Fact.Meta):
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-pk"]
        permissions = [
            ("enrol_customer", gettext_noop("Can enrol customers for badges")),
            ("revoke_enrolment", gettext_noop("Can revoke enrolments")),
        ]
        constraints = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                condition=Q(event_at__lt=F("expires_at")), name="enrolment_starts_before_it_ends"
            ),
        ]
        indexes = [
            *Fact.Meta.indexes,
            models.Index(fields=["customer_id", "badge", "event_at"], name="enrolment_by_customer"),
            models.Index(fields=["badge", "enrolled_at", "customer_id"], name="enrolment_by_badge"),
        ]

    @property
    def expiry_base(self) -> datetime:
        return self.event_at


class EarnedBadge(Fact):
    """A badge that a customer has, until it expires or is revoked."""

    earned_at = models.DateTimeField(_("issued"), help_text=_("When it was processed, in UTC."))
    enrolment = models.ForeignKey(
        Enrolment,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("enrolment"),
    )

    reissue_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="reissues",
        verbose_name=_("issued again for"),
    )

    objects = FactQuerySet.as_manager()

    class Meta(Fact.Meta):
        verbose_name = _("issued badge")
        verbose_name_plural = _("issued badges")
        ordering = ["-pk"]
        permissions = [
            ("earn_badge", gettext_noop("Can issue badges to customers")),
            ("revoke_badge", gettext_noop("Can revoke issued badges")),
            ("import_badge", gettext_noop("Can import badges that were issued before")),
        ]
        indexes = [
            *Fact.Meta.indexes,
            models.Index(fields=["customer_id", "badge", "event_at"], name="earned_by_customer"),
            models.Index(fields=["badge", "earned_at", "customer_id"], name="earned_by_badge"),
            models.Index(
                fields=["enrolment"],
                condition=Q(enrolment__isnull=False),
                name="earned_by_enrolment",
            ),
            # For the timeline of one customer and badge, which shows revocations. Most facts are
            # never revoked, so this partial index costs an earn nothing.
            models.Index(
                fields=["customer_id", "badge", "revoked_at"],
                condition=Q(revoked_at__isnull=False),
                name="earned_and_revoked",
            ),
            models.Index(
                fields=["reissue_of"],
                condition=Q(reissue_of__isnull=False),
                name="earned_by_reissue",
            ),
        ]

    @property
    def expiry_base(self) -> datetime:
        return self.earned_at


class EarnTally(models.Model):
    """The number of earned badges of one badge on one day (UTC), without revoked ones.

    Tallies exist only for badges with a badge-level limit, and are written under the exclusive lock
    of the badge. Every fixed window consists of whole days, so the limit is checked without
    counting the ledger. The row of the day EVER has the total over all days: a limit without a
    window reads only that row.
    """

    badge = models.ForeignKey(BadgeMeta, models.PROTECT, related_name="tallies")
    day = models.DateField(_("day"))
    by_event_day = models.IntegerField(_("by event date"), default=0)
    by_earned_day = models.IntegerField(_("by processing time"), default=0)
    in_all = models.IntegerField(_("in all"), default=0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        ordering = ["badge", "day"]
        constraints = [
            models.UniqueConstraint(fields=["badge", "day"], name="tally_has_one_row_per_day"),
        ]

    def __str__(self):
        return f"{self.badge} {self.day}"
