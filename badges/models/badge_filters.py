"""The filters of a list of badges."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict

from badges.models.choices import Status

# The lookup of each filter by one column.
FILTERS = {
    "earn_type": "earn_type",
    "active": "active",
    "owner_type": "owners__owner_type",
    "starts_before": "starts_at__lt",
    "starts_from": "starts_at__gte",
    "starts_after": "starts_at__gt",
    "ends_before": "expires_at__lt",
    "ends_by": "expires_at__lte",
    "ends_after": "expires_at__gt",
}


class ColumnFilters(TypedDict, total=False):
    """The values of the filters in FILTERS."""

    earn_type: str
    active: bool
    owner_type: str
    starts_before: datetime
    starts_from: datetime
    starts_after: datetime
    ends_before: datetime
    ends_by: datetime
    ends_after: datetime


class BadgeFilters(ColumnFilters, total=False):
    """The filters of `BadgeMetaQuerySet.matching`."""

    statuses: Collection[Status]
    claimed_by: str | None
    unclaimed: bool
    group_id: str | None
    name: str | None
