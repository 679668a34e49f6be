"""Tables, constraints, choices and values; one module per table family."""

from badges.models.choices import (
    Channel,
    CycleStatus,
    DataType,
    EarnType,
    ExpiryKind,
    FactStatus,
    ImageTag,
    LimitKind,
    LimitLevel,
    Operation,
    OwnerType,
    RequestOutcome,
    Status,
    Unit,
    Weekday,
)
from badges.models.definitions import (
    BadgeImage,
    BadgeMeta,
    BadgeOwner,
    BadgeRevision,
    Claim,
    CustomValue,
    EarnLimit,
)
from badges.models.groups import BadgeGroup, CustomField
from badges.models.ids import is_id, new_id
from badges.models.integrators import Integrator
from badges.models.ledgers import EarnedBadge, EarnTally, Enrolment
from badges.models.requests import RefusedItem, RequestLog, StoredAnswer
from badges.models.summaries import DailyCount, SummaryCursor
from badges.models.values import Definition, Expiry, Limit, Owner, Span

__all__ = [
    "BadgeGroup",
    "BadgeImage",
    "BadgeMeta",
    "BadgeOwner",
    "BadgeRevision",
    "Channel",
    "Claim",
    "CustomField",
    "CustomValue",
    "CycleStatus",
    "DailyCount",
    "DataType",
    "Definition",
    "EarnLimit",
    "EarnTally",
    "EarnType",
    "EarnedBadge",
    "Enrolment",
    "Expiry",
    "ExpiryKind",
    "FactStatus",
    "ImageTag",
    "Integrator",
    "Limit",
    "LimitKind",
    "LimitLevel",
    "Operation",
    "Owner",
    "OwnerType",
    "RefusedItem",
    "RequestLog",
    "RequestOutcome",
    "Span",
    "Status",
    "StoredAnswer",
    "SummaryCursor",
    "Unit",
    "Weekday",
    "is_id",
    "new_id",
]
