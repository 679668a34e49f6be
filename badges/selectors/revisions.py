"""The history of a badge: its revisions, and the changes of each revision by field."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page
from django.db.models import Field, Model, OuterRef, QuerySet, Subquery
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from badges.models import BadgeImage, BadgeMeta, BadgeRevision, Claim, EarnLimit, OwnerType
from badges.paging import BoundedPaginator
from badges.times import time_element

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

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

    label: "StrOrPromise"
    old: "list[StrOrPromise]"
    new: "list[StrOrPromise]"


def revisions_of(badge: BadgeMeta, number: str | int, *, size: int = 50) -> Page[BadgeRevision]:
    """Return a page of the revisions of a badge, newest first."""
    revisions = (
        badge.revisions.select_related("request__integrator", "request__user")
        .defer("request__content", "request__errors")
        .order_by("-version")
    )
    return BoundedPaginator(revisions, size).get_page(number)


def entries(
    badge: BadgeMeta, revisions: Sequence[BadgeRevision]
) -> list[tuple[BadgeRevision, list[Change]]]:
    """Return each revision with its changes since the previous one."""
    if not revisions:
        return []
    earlier = BadgeRevision.objects.filter(badge=badge, version__lt=revisions[-1].version)
    before = [*revisions[1:], earlier.order_by("-version").first()]
    return [
        (revision, changes(old.snapshot if old else {}, revision.snapshot))
        for revision, old in zip(revisions, before, strict=True)
    ]


def with_before(revisions: QuerySet[Model]) -> QuerySet[Model]:
    """Annotate revisions of any badges with the snapshot `before` each of them, if any."""
    earlier = BadgeRevision.objects.filter(
        badge=OuterRef("badge"), version__lt=OuterRef("version")
    ).order_by("-version")
    before = Subquery(earlier.values("snapshot")[:1])
    annotated: QuerySet[Model] = revisions.annotate(before=before)
    return annotated


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return the differences between two snapshots, in the order of the new one."""
    return [
        Change(label(name), described(name, old.get(name)), described(name, value))
        for name, value in new.items()
        if name not in NOT_A_CHANGE and described(name, old.get(name)) != described(name, value)
    ]


def label(name: str) -> "StrOrPromise":
    if name in PARTS:
        return PARTS[name]
    own = capfirst(_column(name).verbose_name)
    prefix = FIELD_PREFIXES.get(name.rpartition("_")[0])
    return own if prefix is None or name.endswith("_kind") else f"{prefix}: {own}"


def _column(name: str) -> "Field[Any, Any]":
    field = BadgeMeta._meta.get_field(name)
    if not isinstance(field, Field):
        raise FieldDoesNotExist(f"{name} is no column of a badge.")
    return field


def described(name: str, value: Any) -> "list[StrOrPromise]":
    """Return a value of a snapshot as lines of text for display."""
    if value in (None, "", [], {}):
        return ["-"]
    if name in PARTS:
        parts = value.items() if isinstance(value, dict) else value
        return [DESCRIBE[name](part) for part in parts]
    field = _column(name)
    if field.choices:
        return [dict(field.flatchoices).get(value, value)]
    if isinstance(value, bool):
        return [_("Yes") if value else _("No")]
    dt = parse_datetime(value) if field.get_internal_type() == "DateTimeField" else None
    return [time_element(dt) if dt else value]


def describe_owner(owner_type: str) -> "StrOrPromise":
    return OwnerType(owner_type).label


def describe_limit(parts: Mapping[str, Any]) -> str:
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


def describe_image(parts: Mapping[str, Any]) -> str:
    image = BadgeImage(**parts)
    return f"{image.get_tag_display()}: {image.name}, {image.address} {image.file_handle}".strip()


def describe_claim(parts: Mapping[str, Any]) -> str:
    return str(Claim(**parts))


def describe_custom_value(item: tuple[str, str]) -> str:
    name, value = item
    return f"{name}: {value}"


def describe_json(part: object) -> str:
    return json.dumps(part, ensure_ascii=False)


DESCRIBE: "dict[str, Callable[[Any], StrOrPromise]]" = {
    "owners": describe_owner,
    "limits": describe_limit,
    "images": describe_image,
    "claims": describe_claim,
    "custom_fields": describe_custom_value,
    "tags": describe_json,
    "benefits": describe_json,
}
