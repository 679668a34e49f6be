"""Tables, constraints, choices and values; one module per table family."""

from badges.models.choices import (
    Channel,
    EarnType,
    ExpiryKind,
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
    EarnLimit,
)
from badges.models.ids import new_id
from badges.models.integrators import Integrator
from badges.models.ledgers import EarnedBadge, EarnTally, Enrolment
from badges.models.requests import RequestLog
from badges.models.values import Definition, Expiry, Limit, Owner, Span

__all__ = [
    "BadgeImage",
    "BadgeMeta",
    "BadgeOwner",
    "BadgeRevision",
    "Channel",
    "Claim",
    "Definition",
    "EarnLimit",
    "EarnTally",
    "EarnType",
    "EarnedBadge",
    "Enrolment",
    "Expiry",
    "ExpiryKind",
    "ImageTag",
    "Integrator",
    "Limit",
    "LimitKind",
    "LimitLevel",
    "Operation",
    "Owner",
    "OwnerType",
    "RequestLog",
    "RequestOutcome",
    "Span",
    "Status",
    "Unit",
    "Weekday",
    "new_id",
]
