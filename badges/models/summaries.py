"""Counts of the request log by day and by badge, so that nobody has to count the log."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from badges.models.choices import Channel, Operation
from badges.models.definitions import BadgeMeta
from badges.models.ids import ID_LENGTH
from badges.querysets import ByDayQuerySet, DailyCountQuerySet


class DailyCount(models.Model):
    """What happened on one day (UTC) through one door: requests, and customers they concerned.

    An empty badge stands for all together, whether they named one or not: what concerned a badge is
    counted once more under its id. An integrator of 0 stands for none, a `code` of 0 for what was
    done: then `customers` counts who got or lost something. With the code of a refusal, `requests`
    were refused as a whole, and `customers` are those whom an accepted list refused. Kept by
    `services.summaries`, which reads on from where it stopped.
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
        # Many days are read without their badges, and what was done on them apart from the
        # refusals: of both a day has many more.
        indexes = [
            models.Index(fields=["badge_id", "day"], name="daily_count_by_badge"),
            models.Index(
                fields=["day"], condition=Q(badge_id="", code=0), name="daily_count_of_done"
            ),
            models.Index(
                fields=["day"], condition=Q(badge_id="", code__gt=0), name="daily_count_of_refused"
            ),
        ]

    def __str__(self):
        return f"{self.day} {self.channel} {self.operation} {self.code}"


class BadgeCount(models.Model):
    """How many customers were enrolled for a badge on one day (UTC), given it, and lost it.

    The day EVER has all days together. Kept with the DailyCount.
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

    def __str__(self):
        return f"{self.day} {self.badge}"


class ActorCount(models.Model):
    """How many requests an actor made on one day (UTC), and how many of them were refused.

    An integrator or a user of 0 stands for none; none of both is the command line. Kept with the
    DailyCount.
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

    def __str__(self):
        return f"{self.day} {self.integrator_id} {self.user_id}"


class SummaryCursor(models.Model):
    """How far the request log has been counted; there is one row."""

    last_request = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("summary cursor")
        verbose_name_plural = _("summary cursors")
        ordering = ["pk"]

    def __str__(self):
        return str(self.last_request)
