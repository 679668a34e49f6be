"""The history of a badge: its revisions, and what each one changed, field by field."""

import json
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from badges.models import BadgeImage, BadgeMeta, BadgeRevision, Claim, EarnLimit, OwnerType
from badges.moments import as_time

PARTS = {
    "owners": _("Owners"),
    "limits": _("Limits"),
    "images": _("Images"),
    "claims": _("Claims"),
    "custom_fields": _("Custom fields"),
    "tags": _("Tags"),
    "benefits": _("Benefits"),
}
FIELD_PREFIXES = {
    "earned_expiry": _("Issued badge"),
    "enrolment_expiry": _("Enrolment"),
}
NOT_A_CHANGE = ("id", "version")


@dataclass(frozen=True)
class Change:
    """One field of one revision; old and new are lists of lines."""

    label: str
    old: list
    new: list


def revisions_of(badge, number, *, size: int = 50) -> Page:
    """Return a page of the revisions of a badge, newest first."""
    revisions = (
        badge.revisions.select_related("request__integrator", "request__user")
        .defer("request__content", "request__errors")
        .order_by("-version")
    )
    return Paginator(revisions, size).get_page(number)


def entries(badge, revisions):
    """Return each revision with its time and its changes against the one before it."""
    if not revisions:
        return []
    earlier = BadgeRevision.objects.filter(badge=badge, version__lt=revisions[-1].version)
    before = [*revisions[1:], earlier.order_by("-version").first()]
    return [
        (
            revision,
            as_time(revision.request.received_at),
            changes(old.snapshot if old else {}, revision.snapshot),
        )
        for revision, old in zip(revisions, before, strict=True)
    ]


def with_before(revisions: QuerySet) -> QuerySet:
    """Add to revisions of any badges what each one changed: the snapshot `before` it, if any."""
    earlier = BadgeRevision.objects.filter(
        badge=OuterRef("badge"), version__lt=OuterRef("version")
    ).order_by("-version")
    return revisions.annotate(before=Subquery(earlier.values("snapshot")[:1]))


def changes(old, new) -> list[Change]:
    """Return what differs between two snapshots, in the order of the new one."""
    return [
        Change(label(name), described(name, old.get(name)), described(name, value))
        for name, value in new.items()
        if name not in NOT_A_CHANGE and described(name, old.get(name)) != described(name, value)
    ]


def label(name) -> str:
    if name in PARTS:
        return PARTS[name]
    own = capfirst(BadgeMeta._meta.get_field(name).verbose_name)
    prefix = FIELD_PREFIXES.get(name.rpartition("_")[0])
    return own if prefix is None or name.endswith("_kind") else f"{prefix}: {own}"


def described(name, value) -> list:
    """Return a value of a snapshot as lines for people."""
    if value in (None, "", [], {}):
        return ["-"]
    if name in PARTS:
        parts = value.items() if isinstance(value, dict) else value
        return [DESCRIBE[name](part) for part in parts]
    field = BadgeMeta._meta.get_field(name)
    if field.choices:
        return [dict(field.flatchoices).get(value, value)]
    if isinstance(value, bool):
        return [_("Yes") if value else _("No")]
    moment = parse_datetime(value) if field.get_internal_type() == "DateTimeField" else None
    return [as_time(moment) if moment else value]


def describe_owner(owner_type) -> str:
    return OwnerType(owner_type).label


def describe_limit(parts) -> str:
    limit = EarnLimit(**parts)
    text = _("%(level)s: at most %(max)d, %(window)s") % {
        "level": limit.get_level_display(),
        "max": limit.max_earns,
        "window": limit.get_kind_display(),
    }
    if limit.length:
        text = f"{text} ({limit.length} {limit.get_unit_display()})"
    if limit.first_weekday is not None:
        text = f"{text}, {limit.get_first_weekday_display()}"
    return text


def describe_image(parts) -> str:
    image = BadgeImage(**parts)
    return f"{image.get_tag_display()}: {image.name}, {image.address} {image.file_handle}".strip()


def describe_claim(parts) -> str:
    return str(Claim(**parts))


def describe_custom_value(item) -> str:
    name, value = item
    return f"{name}: {value}"


def describe_json(part) -> str:
    return json.dumps(part, ensure_ascii=False)


DESCRIBE = {
    "owners": describe_owner,
    "limits": describe_limit,
    "images": describe_image,
    "claims": describe_claim,
    "custom_fields": describe_custom_value,
    "tags": describe_json,
    "benefits": describe_json,
}
