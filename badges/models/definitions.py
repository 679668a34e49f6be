"""Badge definitions with their owners, limits, images, claims and revisions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.models.choices import (
    EarnType,
    ExpiryKind,
    ImageTag,
    LimitKind,
    LimitLevel,
    OwnerType,
    Status,
    Unit,
    Weekday,
)
from badges.models.groups import BadgeGroup, CustomField
from badges.models.ids import HexIdField
from badges.models.names import SearchableByName, SearchKeyField
from badges.models.querysets import BadgeMetaQuerySet, ClaimQuerySet
from badges.models.units import single_units
from badges.models.values import Definition, Expiry, Limit, Owner, status_between


def expiry_fits(prefix: str, *, optional: bool) -> Q:
    """Return the condition that the columns of one expiry rule fit its kind."""
    kind, unit, count, at = (f"{prefix}_expiry_{part}" for part in ("kind", "unit", "count", "at"))
    relative = Q(
        **{kind: ExpiryKind.RELATIVE, f"{unit}__in": Unit.values, f"{count}__gte": 1},
        **{f"{at}__isnull": True},
    )
    fixed = Q(
        **{kind: ExpiryKind.FIXED_DATE, f"{at}__isnull": False},
        **{unit: "", f"{count}__isnull": True},
    )
    without = [ExpiryKind.NEVER, ExpiryKind.WITH_BADGE, *([""] if optional else [])]
    plain = Q(
        **{f"{kind}__in": without, unit: ""},
        **{f"{at}__isnull": True, f"{count}__isnull": True},
    )
    return relative | fixed | plain


class BadgeMeta(SearchableByName):
    """The definition of a badge.

    Every change to it, its owners, limits, images or claims increments `version` and writes a
    BadgeRevision. The services decide on a cached copy, and write only if the version is unchanged.
    """

    id = HexIdField()
    version = models.PositiveIntegerField(default=1, editable=False)
    name = models.CharField(_("name"), max_length=255)
    description = models.TextField(_("description"), blank=True)
    earn_type = models.CharField(_("type"), max_length=10, choices=EarnType.choices)
    active = models.BooleanField(_("active"), default=True)
    starts_at = models.DateTimeField(_("starts"), help_text=_("In UTC."))
    expires_at = models.DateTimeField(_("ends"), help_text=_("In UTC; the badge is over then."))
    rank = models.IntegerField(_("rank"), null=True, blank=True)
    group = models.ForeignKey(
        BadgeGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="badges",
        verbose_name=_("group"),
    )
    tags = models.JSONField(_("tags"), default=list, blank=True)
    benefits = models.JSONField(_("benefits"), default=list, blank=True)
    default_till_id = models.BigIntegerField(_("till"), null=True, blank=True)

    earned_expiry_kind = models.CharField(
        _("issued badge expires"), max_length=16, choices=ExpiryKind.choices
    )
    earned_expiry_count = models.PositiveSmallIntegerField(_("period"), null=True, blank=True)
    earned_expiry_unit = models.CharField(
        _("unit of the period"), max_length=6, choices=Unit.choices, blank=True
    )
    earned_expiry_at = models.DateTimeField(_("fixed date"), null=True, blank=True)
    enrolment_expiry_kind = models.CharField(
        _("enrolment expires"), max_length=16, choices=ExpiryKind.choices, blank=True
    )
    enrolment_expiry_count = models.PositiveSmallIntegerField(_("period"), null=True, blank=True)
    enrolment_expiry_unit = models.CharField(
        _("unit of the period"), max_length=6, choices=Unit.choices, blank=True
    )
    enrolment_expiry_at = models.DateTimeField(_("fixed date"), null=True, blank=True)

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.BigIntegerField(_("created by"), null=True, editable=False)
    updated_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    updated_by = models.BigIntegerField(_("last changed by"), null=True, editable=False)

    objects = BadgeMetaQuerySet.as_manager()

    class Meta:
        verbose_name = _("badge")
        verbose_name_plural = _("badges")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["search_key"], name="badge_by_search_key"),
            # Active badges by their end: the home page reads only the rows that it shows.
            models.Index(
                fields=["expires_at", "id", "starts_at"],
                condition=Q(active=True),
                name="active_badge_by_end",
            ),
            # The filters of the admin, each in the order of its list or of its dates.
            models.Index(fields=["earn_type", "name"], name="badge_by_earn_type"),
            models.Index(fields=["active", "name"], name="badge_by_switch"),
            models.Index(fields=["starts_at"], name="badge_by_start"),
            models.Index(fields=["expires_at", "starts_at"], name="badge_by_end"),
            # The order in which a page of a group lists its badges.
            models.Index(fields=["group", "rank", "-expires_at", "id"], name="badge_by_group"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="badge_name_is_unique"),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("expires_at")), name="badge_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=expiry_fits("earned", optional=False), name="badge_earned_expiry_fits"
            ),
            models.CheckConstraint(
                condition=expiry_fits("enrolment", optional=True),
                name="badge_enrolment_expiry_fits",
            ),
            models.CheckConstraint(
                condition=Q(earn_type=EarnType.EARN, enrolment_expiry_kind="")
                | (Q(earn_type=EarnType.ISSUE_EARN) & ~Q(enrolment_expiry_kind="")),
                name="badge_enrolment_expiry_goes_with_its_type",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def earned_expiry(self) -> Expiry:
        return self._expiry("earned")

    @property
    def enrolment_expiry(self) -> Expiry | None:
        return self._expiry("enrolment") if self.enrolment_expiry_kind else None

    @property
    def shown_group(self) -> BadgeGroup | None:
        """The group if it is active; badges of a disabled group appear ungrouped."""
        return self.group if self.group is not None and self.group.active else None

    def _expiry(self, prefix: str) -> Expiry:
        kind, unit, count, at = (
            getattr(self, f"{prefix}_expiry_{part}") for part in ("kind", "unit", "count", "at")
        )
        return Expiry(ExpiryKind(kind), Unit(unit) if unit else None, count, at)

    def status(self, now: datetime) -> Status:
        """Return the status by dates, regardless of `active`."""
        return status_between(self.starts_at, self.expires_at, now)

    def definition(self) -> Definition:
        """Return the value that the rules read; this queries owners, limits and claims."""
        return self.with_parts(
            owners=[owner.owner_type for owner in self.owners.all()],
            limits=[limit.value for limit in self.limits.all()],
            claims=[claim.owner for claim in self.claims.all() if claim.active],
        )

    def with_parts(
        self, *, owners: Iterable[str], limits: Iterable[Limit], claims: Iterable[Owner]
    ) -> Definition:
        """Return the value that the rules read, with parts that may not be saved yet."""
        return Definition(
            id=self.pk,
            version=self.version,
            name=self.name,
            earn_type=EarnType(self.earn_type),
            active=self.active,
            starts_at=self.starts_at,
            expires_at=self.expires_at,
            earned_expiry=self.earned_expiry,
            enrolment_expiry=self.enrolment_expiry,
            owners=frozenset(owners),
            claims=frozenset(claims),
            limits=tuple(limits),
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the columns and parts by name, for the history."""
        columns = {
            column.attname: getattr(self, column.attname)
            for column in self._meta.concrete_fields
            if not column.attname.startswith(("created_", "updated_", "search_"))
        }
        return columns | {
            "owners": list(self.owners.values_list("owner_type", flat=True)),
            "limits": list(
                self.limits.values(*EarnLimit.VALUE_COLUMNS, *EarnLimit.HANDOVER_COLUMNS)
            ),
            "images": list(self.images.values("tag", "name", "url", "file_handle", "upload")),
            "custom_fields": dict(self.custom_values.values_list("field__name", "value")),
            "claims": list(self.claims.active().values("owner_type", "reference_id")),
        }


class BadgeOwner(models.Model):
    """An owner type that may claim the badge."""

    badge = models.ForeignKey(BadgeMeta, models.CASCADE, related_name="owners")
    owner_type = models.CharField(_("owner"), max_length=20, choices=OwnerType.claimable())

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("owners")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "owner_type"], name="badge_has_each_owner_once"
            ),
        ]
        indexes = [models.Index(fields=["owner_type", "-badge"], name="badge_owner_by_type")]

    def __str__(self):
        return self.get_owner_type_display()


class EarnLimit(models.Model):
    """A maximum number of earns of a badge (CONTRACT.md, 2.9.2); without rows there is no limit."""

    VALUE_COLUMNS = ("level", "kind", "max_earns", "unit", "length", "first_weekday")
    HANDOVER_COLUMNS = ("since", "until")

    badge = models.ForeignKey(BadgeMeta, models.CASCADE, related_name="limits")
    level = models.CharField(_("counts"), max_length=8, choices=LimitLevel.choices)
    kind = models.CharField(_("window"), max_length=16, choices=LimitKind.choices)
    max_earns = models.PositiveIntegerField(_("at most"))
    length = models.PositiveSmallIntegerField(_("length of the window"), null=True, blank=True)
    unit = models.CharField(_("unit of the window"), max_length=6, choices=Unit.choices, blank=True)
    first_weekday = models.PositiveSmallIntegerField(
        _("first day of the week"), choices=Weekday.choices, null=True, blank=True
    )

    since = models.DateTimeField(_("from"), null=True, blank=True, editable=False)
    until = models.DateTimeField(_("until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "level", "kind", "unit"],
                condition=Q(until__isnull=True),
                name="badge_has_each_kind_of_limit_once",
            ),
            models.CheckConstraint(condition=Q(max_earns__gte=1), name="limit_allows_at_least_one"),
            models.CheckConstraint(
                condition=Q(kind=LimitKind.FIXED_VALUE, unit="", length__isnull=True)
                | Q(kind__in=[LimitKind.ROLLING_WINDOW, LimitKind.FIXED_WINDOW])
                & Q(unit__in=Unit.values, length__gte=1),
                name="limit_window_fits_its_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind=LimitKind.FIXED_WINDOW, unit__in=single_units()) | Q(length=1),
                name="limit_fixed_window_is_one_week_or_month",
            ),
        ]
        # The home page checks these limits, and most limits are those of a customer.
        indexes = [
            models.Index(
                fields=["badge"],
                condition=Q(
                    level=LimitLevel.BADGE,
                    kind__in=[LimitKind.FIXED_VALUE, LimitKind.FIXED_WINDOW],
                ),
                name="limit_over_all_customers",
            ),
        ]

    def __str__(self):
        return f"{self.get_level_display()}: {self.max_earns}, {self.get_kind_display()}"

    @classmethod
    def of(cls, badge: BadgeMeta, limit: Limit) -> "EarnLimit":
        """Return the unsaved row of a limit."""
        columns = {
            name: getattr(limit, name) for name in (*cls.VALUE_COLUMNS, *cls.HANDOVER_COLUMNS)
        }
        return cls(badge=badge, **columns | {"unit": limit.unit or ""})

    @property
    def value(self) -> Limit:
        return Limit(
            level=LimitLevel(self.level),
            kind=LimitKind(self.kind),
            max_earns=self.max_earns,
            unit=Unit(self.unit) if self.unit else None,
            length=self.length,
            first_weekday=self.first_weekday,
            since=self.since,
            until=self.until,
        )


class BadgeImage(models.Model):
    """An image of the badge for one of its states."""

    badge = models.ForeignKey(BadgeMeta, models.CASCADE, related_name="images")
    tag = models.CharField(_("shown when"), max_length=12, choices=ImageTag.choices)
    name = models.CharField(_("name"), max_length=255)
    url = models.URLField(_("address"), max_length=2000, blank=True)
    upload = models.FileField(_("picture"), upload_to="badges/", blank=True)
    file_handle = models.CharField(_("file handle"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["badge", "tag"], name="badge_has_one_image_per_state"),
        ]

    def __str__(self):
        return self.name

    @property
    def contents(self) -> dict[str, str]:
        """The columns of the image by name."""
        columns = ("tag", "name", "url", "file_handle")
        return {name: getattr(self, name) for name in columns} | {"upload": self.upload.name or ""}

    @property
    def address(self) -> str:
        """The URL of the uploaded file if there is one, else `url`."""
        return self.upload.url if self.upload else self.url


class CustomValue(models.Model):
    """The value of one custom field for a badge."""

    badge = models.ForeignKey(BadgeMeta, models.CASCADE, related_name="custom_values")
    field = models.ForeignKey(CustomField, models.PROTECT, related_name="values")
    value = models.CharField(_("value"), max_length=1000)

    class Meta:
        verbose_name = _("custom value")
        verbose_name_plural = _("custom values")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "field"], name="badge_has_one_value_per_custom_field"
            ),
        ]
        indexes = [models.Index(fields=["field", "id"], name="custom_value_by_field")]

    def __str__(self):
        return f"{self.field}: {self.value}"


class Claim(models.Model):
    """An owner's reference recorded on a badge; unclaiming keeps the row and clears `active`."""

    badge = models.ForeignKey(BadgeMeta, models.PROTECT, related_name="claims")
    owner_type = models.CharField(_("owner"), max_length=20, choices=OwnerType.claimable())
    reference_id = models.CharField(_("reference id"), max_length=255)
    search_key = SearchKeyField(source="reference_id")
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)

    objects = ClaimQuerySet.as_manager()

    last_issued_id: str | None  # set by `with_last_issued`

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "owner_type", "reference_id"], name="badge_is_claimed_once_each"
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner_type", "reference_id"],
                condition=Q(active=True),
                name="claim_by_owner",
            ),
            # A search by reference names no owner type and includes inactive claims.
            models.Index(fields=["search_key"], name="claim_by_search_key"),
            # The filters of the admin, each in the order of its list.
            models.Index(fields=["owner_type", "-id"], name="claim_by_owner_type"),
            models.Index(fields=["active", "-id"], name="claim_by_switch"),
            models.Index(fields=["badge", "-id"], name="claim_by_badge"),
        ]

    def __str__(self):
        return f"{self.get_owner_type_display()} {self.reference_id}"

    @property
    def owner(self) -> Owner:
        return Owner(self.owner_type, self.reference_id)


class BadgeRevision(models.Model):
    """The definition after a change; `request` has the actor, time and channel."""

    badge = models.ForeignKey(BadgeMeta, models.PROTECT, related_name="revisions")
    version = models.PositiveIntegerField(_("version"))
    request = models.ForeignKey("badges.RequestLog", models.PROTECT, related_name="revisions")
    snapshot = models.JSONField(_("definition"), encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("badge revision")
        verbose_name_plural = _("badge revisions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "version"], name="badge_version_is_recorded_once"
            ),
        ]

    def __str__(self):
        return f"{self.badge} v{self.version}"
