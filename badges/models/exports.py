"""Exports of the ledgers: the actor, the progress, and the hash of the file."""

import json
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from badges.models.choices import ExportFormat, ExportState
from badges.models.requests import RequestLog
from badges.models.seals import HASH_LENGTH
from badges.processes import NAME_LENGTH, has_ended
from badges.times import MICROSECOND

# An export without a progress update for this long has lost its server or its client.
GONE_AFTER = timedelta(seconds=60)


class Export(models.Model):
    """One file of a ledger, sent once, to the user who requested it.

    `request` has the actor, the time and the filters. A running export occupies one of a few slots
    (`slot`) and records its progress: rows are read from `first_at` back to `last_at`, and
    `reached_at` is the time of the row read last. An export has failed once its `process` has ended
    or, if that runs on another machine, once it has recorded no progress for GONE_AFTER. `sha256`
    is the hash of the `size` bytes of the finished file.
    """

    request = models.OneToOneField(RequestLog, models.PROTECT, verbose_name=_("request"))
    ledger = models.CharField(_("page"), max_length=30)
    format = models.CharField(_("format"), max_length=5, choices=ExportFormat.choices)
    slot = models.PositiveSmallIntegerField(_("place"), null=True, blank=True, unique=True)
    process = models.CharField(
        _("process"), max_length=NAME_LENGTH, blank=True, default="", db_default=""
    )
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last seen at work"), null=True, blank=True)
    first_at = models.DateTimeField(_("searched from"), null=True, blank=True)
    last_at = models.DateTimeField(_("to be searched back to"), null=True, blank=True)
    reached_at = models.DateTimeField(_("searched back to"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    rows = models.PositiveBigIntegerField(_("rows"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField("SHA-256", max_length=HASH_LENGTH, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-pk"]
        permissions = [("export_ledgers", gettext_noop("Can export what the ledgers show"))]

    def __str__(self):
        return f"{self.ledger} {self.request_id}"

    @property
    def query(self) -> str:
        """The query string of the page on which the export was requested."""
        return json.loads(self.request.content)["query"]

    @property
    def percent(self) -> int:
        """The percentage of the time range that has been searched."""
        if self.finished_at:
            return 100
        if self.first_at is None or self.last_at is None or self.reached_at is None:
            return 0
        whole = max(self.first_at - self.last_at, MICROSECOND)
        return min(99, max(0, 100 * (self.first_at - self.reached_at) // whole))

    def state(self, now: datetime) -> ExportState:
        """Return the state of the export."""
        if self.finished_at:
            return ExportState.FINISHED
        if self.begun_at is None:
            return ExportState.READY
        if self.slot is None or self.seen_at is None or now - self.seen_at >= GONE_AFTER:
            return ExportState.FAILED
        has_failed = self.process and has_ended(self.process)
        return ExportState.FAILED if has_failed else ExportState.RUNNING
