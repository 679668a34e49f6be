"""Tables, constraints, choices and values; one module per table family."""

from badges.models.accounts import GroupKey, UserKey
from badges.models.choices import (
    Channel,
    CycleStatus,
    DataType,
    EarnType,
    ExpiryKind,
    ExportFormat,
    ExportState,
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
from badges.models.exports import Export
from badges.models.filters import SavedFilter
from badges.models.groups import RANKS, BadgeGroup, CustomField
from badges.models.ids import is_id, new_id, new_ids
from badges.models.integrators import Integrator
from badges.models.ledgers import EarnedBadge, EarnTally, Enrolment
from badges.models.notes import CustomerNote
from badges.models.people import Person, UserSecurity
from badges.models.preferences import Preferences
from badges.models.reasons import IssueReason, StatedReason
from badges.models.requests import RefusedItem, RequestLog, StoredAnswer
from badges.models.seals import ErasedRow, Erasure, Seal, SealSalts, Verification
from badges.models.summaries import (
    ActorCount,
    BadgeCount,
    DailyCount,
    ReasonCount,
    SummaryCursor,
)
from badges.models.values import EVER, Definition, Expiry, Limit, Owner, Span

__all__ = [
    "EVER",
    "RANKS",
    "ActorCount",
    "BadgeCount",
    "BadgeGroup",
    "BadgeImage",
    "BadgeMeta",
    "BadgeOwner",
    "BadgeRevision",
    "Channel",
    "Claim",
    "CustomField",
    "CustomValue",
    "CustomerNote",
    "CycleStatus",
    "DailyCount",
    "DataType",
    "Definition",
    "EarnLimit",
    "EarnTally",
    "EarnType",
    "EarnedBadge",
    "Enrolment",
    "ErasedRow",
    "Erasure",
    "Expiry",
    "ExpiryKind",
    "Export",
    "ExportFormat",
    "ExportState",
    "FactStatus",
    "GroupKey",
    "ImageTag",
    "Integrator",
    "IssueReason",
    "Limit",
    "LimitKind",
    "LimitLevel",
    "Operation",
    "Owner",
    "OwnerType",
    "Person",
    "Preferences",
    "ReasonCount",
    "RefusedItem",
    "RequestLog",
    "RequestOutcome",
    "SavedFilter",
    "Seal",
    "SealSalts",
    "Span",
    "StatedReason",
    "Status",
    "StoredAnswer",
    "SummaryCursor",
    "Unit",
    "UserKey",
    "UserSecurity",
    "Verification",
    "Weekday",
    "is_id",
    "new_id",
    "new_ids",
]
