"""Seals: a hash chain over the request log and the ledgers as they were written."""

from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from badges.models.ids import ID_LENGTH
from badges.models.querysets import SealQuerySet
from badges.models.requests import RequestLog

HASH_LENGTH = 64


class Seal(models.Model):
    """A Merkle root over a range of requests, with everything that they wrote.

    Each seal contains the hash of the previous one, so no seal can be changed, removed or inserted
    without changing all later seals; the newest hash, published elsewhere, covers all of them.
    `digest` is a hash over all rows, which is fast to check; `leaves` lists every row and its hash
    (`badges.audit.leaves`), which identifies a faulty row; `version` is the version of the hash of
    a row (`badges.audit.check_export`). Append-only.
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
    version = models.PositiveSmallIntegerField(_("version of the leaves"), default=1, db_default=1)

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
    """The random bytes in the hash of each leaf of a seal, which prevent guessing of its content.

    They have a table of their own because an erasure destroys them.
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
    """A sealed row from which a customer was erased.

    `leaf` is the sealed hash of the replaced data, and `replaced_by` is the hash of its
    replacement. Both cover the whole row if its seal has leaves of version 1, and only the data
    that an erasure may replace if it has leaves of version 2. The erasure writes the row and signs
    it.
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


class Erasure(models.Model):
    """The signature of one erasure, over the Merkle root of the rows that it replaced.

    The owner of the database can write rows of `ErasedRow`, but cannot sign them: the key is that
    of the published seals. `pseudonym` replaces the erased customer. Append-only.
    """

    request = models.OneToOneField(
        RequestLog, models.PROTECT, primary_key=True, verbose_name=_("request")
    )
    pseudonym = models.BigIntegerField(_("pseudonym"))
    rows = models.PositiveIntegerField(_("rows"))
    root = models.CharField(_("Merkle root"), max_length=HASH_LENGTH)
    signature = models.CharField(_("signature"), max_length=2 * HASH_LENGTH)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-pk"]

    def __str__(self):
        return str(self.request_id)


class Verification(models.Model):
    """One check of the seals, from the first to the newest one at its start.

    `request` has the actor, time and channel. `heads` is the number of lines of published seals
    that were compared. `replaced` has the number of rows that each erasure replaced, by its
    request. `faults` contains the first faults found.
    """

    request = models.OneToOneField(RequestLog, models.PROTECT, verbose_name=_("request"))
    checked_seal = models.PositiveBigIntegerField(_("checked up to seal"))
    last_seal = models.PositiveBigIntegerField(_("last seal"))
    rows = models.PositiveBigIntegerField(_("rows"), default=0)
    heads = models.PositiveBigIntegerField(_("published seals compared"), default=0, db_default=0)
    replaced = models.JSONField(
        _("rows replaced by erasures"),
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
    )
    fault_count = models.PositiveIntegerField(_("faults"), default=0)
    faults = models.JSONField(_("first faults"), default=list, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.request_id}: {self.checked_seal} / {self.last_seal}"
