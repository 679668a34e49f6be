"""Counts of the request log by day and by badge, so that pages need not count the log."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.models.choices import Channel, Operation
from badges.models.definitions import BadgeMeta
from badges.models.ids import ID_LENGTH
from badges.models.querysets import ByDayQuerySet, DailyCountQuerySet
from badges.models.reasons import IssueReason


class DailyCount(models.Model):
    """The number of requests, and of customers that they concern, on one day (UTC) by channel.

    A row with an empty badge counts all requests, with or without a badge; requests that concern a
    badge are counted again under its id. In the same way, a row with the integrator 0 counts the
    requests of all actors, and those of an integrator are counted again under its id: the number of
    integrators does not add to the rows of a day that a page reads. A `code` of 0 means accepted,
    and `customers` then counts the customers whose badges or enrolments changed. For the code of a
    refusal, `requests` counts the requests refused as a whole, and `customers` those that accepted
    lists refused. `services.record.summaries` updates the rows incrementally.
    """

    day = models.DateField(_("day"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    operation = models.CharField(_("operation"), max_length=20, choices=Operation.choices)
    code = models.PositiveIntegerField(_("code"), default=0)
    badge_id = models.CharField(_("badge"), max_length=ID_LENGTH, blank=True)
    integrator_id = models.BigIntegerField(_("integrator"), default=0)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    customers = models.PositiveIntegerField(_("customers"), default=0)

    objects = DailyCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily count")
        verbose_name_plural = _("daily counts")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "channel", "operation", "code", "badge_id", "integrator_id"],
                name="day_is_counted_once",
            ),
        ]
        # Pages read many days of one badge or of all, and of one integrator or of all actors. For
        # the totals they read accepted requests apart from refusals.
        indexes = [
            models.Index(
                fields=["badge_id", "integrator_id", "day"], name="daily_count_by_integrator"
            ),
            models.Index(
                fields=["day"],
                condition=Q(badge_id="", integrator_id=0, code=0),
                name="daily_count_of_accepted",
            ),
            models.Index(
                fields=["day"],
                condition=Q(badge_id="", integrator_id=0, code__gt=0),
                name="daily_count_of_refusals",
            ),
        ]

    def __str__(self):
        return f"{self.day} {self.channel} {self.operation} {self.code}"


class BadgeCount(models.Model):
    """The number of customers enrolled for a badge, given it, and revoked, on one day (UTC).

    The day EVER has the total over all days. Updated together with DailyCount.
    """

    day = models.DateField(_("day"))
    badge = models.ForeignKey(
        BadgeMeta, models.PROTECT, db_index=False, related_name="counts", verbose_name=_("badge")
    )
    enrolled = models.PositiveIntegerField(_("enrolled"), default=0)
    issued = models.PositiveIntegerField(_("issued"), default=0)
    revoked = models.PositiveIntegerField(_("revoked"), default=0)

    objects = ByDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of a badge")
        verbose_name_plural = _("counts of badges")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["day", "badge"], name="badge_is_counted_once_a_day"),
        ]
        indexes = [models.Index(fields=["day", "-issued"], name="badge_count_by_issued")]

    def __str__(self):
        return f"{self.day} {self.badge}"


class ReasonCount(models.Model):
    """The number of badges issued for a reason from the list, on one day (UTC).

    A badge for each customer of a list counts. Updated together with DailyCount.
    """

    day = models.DateField(_("day"))
    reason = models.ForeignKey(
        IssueReason, models.PROTECT, db_index=False, related_name="counts", verbose_name=_("reason")
    )
    issued = models.PositiveIntegerField(_("issued"), default=0)

    objects = ByDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of a reason")
        verbose_name_plural = _("counts of reasons")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["day", "reason"], name="reason_is_counted_once_a_day"),
        ]

    def __str__(self):
        return f"{self.day} {self.reason}"


class ActorCount(models.Model):
    """The number of requests of an actor on one day (UTC), and how many of them were refused.

    An integrator or a user of 0 means none; without both, the actor is the command line: failed
    sign-ins, which have no actor either, are not counted. Updated together with DailyCount.
    """

    day = models.DateField(_("day"))
    integrator_id = models.BigIntegerField(_("integrator"), default=0)
    user_id = models.BigIntegerField(_("user"), default=0)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)

    objects = ByDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of an actor")
        verbose_name_plural = _("counts of actors")
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "integrator_id", "user_id"], name="actor_is_counted_once_a_day"
            ),
        ]
        indexes = [
            models.Index(fields=["day", "-requests"], name="actor_count_by_requests"),
            models.Index(
                fields=["day", "-refused"],
                condition=Q(integrator_id__gt=0),
                name="actor_count_by_refused",
            ),
        ]

    def __str__(self):
        return f"{self.day} {self.integrator_id} {self.user_id}"


class SummaryCursor(models.Model):
    """The id of the last request that has been counted; there is one row."""

    last_request = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("summary cursor")
        verbose_name_plural = _("summary cursors")
        ordering = ["pk"]

    def __str__(self):
        return str(self.last_request)
