"""A valid draft of a badge with limits and a picture."""

from datetime import UTC, datetime

from badges.models import EarnType, ExpiryKind, Limit, LimitKind, LimitLevel, Unit
from badges.services.catalogue.definitions import BadgeDraft
from tests.factories import FAR_AHEAD

LIMITS = [
    Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 3),
    Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 9, Unit.WEEKS, 2),
]
IMAGES = [{"tag": "EARNED", "name": "Medal", "url": "https://images.example/medal.png"}]
VALUES = {
    "name": "Spring",
    "description": "For the first of them",
    "earn_type": EarnType.EARN,
    "starts_at": datetime(2026, 3, 1, tzinfo=UTC),
    "expires_at": FAR_AHEAD,
    "earned_expiry_kind": ExpiryKind.RELATIVE,
    "earned_expiry_unit": Unit.DAYS,
    "earned_expiry_count": 14,
}
SPRING = BadgeDraft(values=VALUES, owners=["Loyalty", "Journeys"], limits=LIMITS, images=IMAGES)
