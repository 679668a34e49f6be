"""The seals: what the request log and the ledgers were when they were written, chained."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from badges.models.ids import ID_LENGTH
from badges.models.requests import RequestLog
from badges.querysets import SealQuerySet

HASH_LENGTH = 64


class Seal(models.Model):
    """The requests after one id up to another, with everything they wrote, as one Merkle root.

    Each seal holds the hash of the one before it, so none can be changed, left out or put in
    without changing all that follow; the newest hash, published elsewhere, stands for everything.
    `digest` is over the rows in one go, which is quick to check; `leaves` names every row and its
    hash (`badges.audit.leaves`), which tells the row at fault. Append-only.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    after_request = models.BigIntegerField(_("after request"))
    last_request = models.BigIntegerField(_("last request"), unique=True)
    rows = models.PositiveIntegerField(_("rows"))
    root = models.CharField(_("Merkle root"), max_length=HASH_LENGTH)
    digest = models.CharField(_("digest of the rows"), max_length=HASH_LENGTH)
    previous = models.CharField(_("previous seal"), max_length=HASH_LENGTH, unique=True)
    hash = models.CharField(_("hash"), max_length=HASH_LENGTH, unique=True)
    sealed_at = models.DateTimeField(_("sealed"))
    leaves = models.BinaryField(_("leaves"))

    objects = SealQuerySet.as_manager()

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(after_request__lt=models.F("last_request")),
                name="seal_covers_requests",
            ),
        ]

    def __str__(self):
        return str(self.number)

    @property
    def first_request(self) -> int:
        """The lowest id that a request of this seal can have."""
        return self.after_request + 1


class SealSalts(models.Model):
    """The random bytes that each leaf of a seal was hashed with, so that no hash can be guessed.

    Apart from the seal, because they are what an erasure destroys.
    """

    seal = models.OneToOneField(
        Seal, models.PROTECT, primary_key=True, related_name="salts", verbose_name=_("seal")
    )
    salts = models.BinaryField(_("salts"))

    class Meta:
        verbose_name = _("salts of a seal")
        verbose_name_plural = _("salts of seals")

    def __str__(self):
        return str(self.seal_id)


class ErasedRow(models.Model):
    """A sealed row from which a customer was erased: what it was sealed as, and what it is now.

    Written by the erasure, and sealed itself, so nobody else can pass a change off as one.
    """

    request = models.ForeignKey(RequestLog, models.PROTECT, verbose_name=_("request"))
    kind = models.CharField(_("kind"), max_length=20)
    key = models.CharField(_("key"), max_length=ID_LENGTH)
    leaf = models.CharField(_("sealed as"), max_length=HASH_LENGTH)
    replaced_by = models.CharField(_("replaced by"), max_length=HASH_LENGTH)

    class Meta:
        verbose_name = _("erased row")
        verbose_name_plural = _("erased rows")
        ordering = ["pk"]
        indexes = [models.Index(fields=["kind", "key", "-id"], name="erased_by_row")]

    def __str__(self):
        return f"{self.kind} {self.key}"


class Verification(models.Model):
    """One check of the seals, from the first up to the newest there was when it began.

    `request` tells who began it, when, by which door; `faults` holds the first of what was found.
    """

    request = models.OneToOneField(RequestLog, models.PROTECT, verbose_name=_("request"))
    checked_seal = models.PositiveBigIntegerField(_("checked up to seal"))
    last_seal = models.PositiveBigIntegerField(_("last seal"))
    rows = models.PositiveBigIntegerField(_("rows"), default=0)
    fault_count = models.PositiveIntegerField(_("faults"), default=0)
    faults = models.JSONField(_("first faults"), default=list, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.request_id}: {self.checked_seal} / {self.last_seal}"
