"""Exports of the ledgers: who took away what, how far it came, and what the file was."""

import json
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from badges.models.choices import ExportFormat, ExportState
from badges.models.requests import RequestLog
from badges.models.seals import HASH_LENGTH
from badges.moments import MICROSECOND

# An export that has not said anything for so long has lost its server or its reader.
GONE_AFTER = timedelta(seconds=60)


class Export(models.Model):
    """One file of a ledger, which is sent once, to the person who asked for it.

    `request` tells who asked, when, and with which filters. While it is sent it holds one of the
    few places there are, its `slot`, and says now and then how far it came: the rows are read from
    `first_at` back to `last_at`, and `reached_at` is the time of the one that was looked at last.
    `sha256` is over the `size` bytes of the finished file.
    """

    request = models.OneToOneField(RequestLog, models.PROTECT, verbose_name=_("request"))
    ledger = models.CharField(_("page"), max_length=30)
    format = models.CharField(_("format"), max_length=5, choices=ExportFormat.choices)
    slot = models.PositiveSmallIntegerField(_("place"), null=True, blank=True, unique=True)
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
        """The query string of the page that it was asked for on."""
        return json.loads(self.request.content)["query"]

    @property
    def percent(self) -> int:
        """How much of the time that is searched was searched, of 100."""
        if self.finished_at:
            return 100
        if None in (self.first_at, self.last_at, self.reached_at):
            return 0
        whole = max(self.first_at - self.last_at, MICROSECOND)
        return min(99, max(0, 100 * (self.first_at - self.reached_at) // whole))

    def state(self, now: datetime) -> ExportState:
        """Return where it stands."""
        if self.finished_at:
            return ExportState.FINISHED
        if self.begun_at is None:
            return ExportState.READY
        is_at_work = self.slot is not None and now - self.seen_at < GONE_AFTER
        return ExportState.RUNNING if is_at_work else ExportState.BROKEN_OFF
