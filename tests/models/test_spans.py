"""A span selects the same earned badges in Python and in the database."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from badges.models import EarnedBadge, Span
from tests.factories import EarnedBadgeFactory

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
AROUND = [bound + step for bound in (SINCE, UNTIL) for step in (-INSTANT, timedelta(), INSTANT)]
SPANS = [
    Span(by, since, until)
    for by, since, until in product(("event_at", "earned_at"), (None, SINCE), (None, UNTIL))
]


@pytest.mark.django_db
@pytest.mark.parametrize("span", SPANS, ids=str)
def test_lookups_and_holds_agree_at_every_boundary(span):
    rows = [
        EarnedBadgeFactory(event_at=event_at, earned_at=earned_at)
        for event_at, earned_at in product(AROUND, AROUND)
    ]
    selected = set(EarnedBadge.objects.filter(**span.lookups()).values_list("pk", flat=True))
    held = {row.pk for row in rows if span.contains(event_at=row.event_at, earned_at=row.earned_at)}
    assert selected == held
