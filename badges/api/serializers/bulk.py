"""Serializers of bulk calls, revocations and imports (CONTRACT.md, 2.2 to 2.5 and 2.16)."""

from collections.abc import Mapping

from django.utils import timezone
from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoDateTimeField,
    RequestIdField,
    TextField,
    WireDateTimeField,
)
from badges.api.serializers.operations import EarnEventDate
from badges.api.serializers.shared import ListItem, TriggeredBy
from badges.api.serializers.twins import TwinsSerializer
from badges.errors import BadgeError, ErrorCode
from badges.models import FactStatus
from badges.services.customers.imports import ImportedBadge
from badges.services.customers.revoke import MAX_ENROLMENTS, EnrolmentToRevoke

MAX_CUSTOMERS = 20_000


def customers(source: str, **kwargs) -> serializers.ListField:
    """Return a field for a list of customer ids; a repeated id counts once."""
    return serializers.ListField(
        source=source,
        child=CustomerIdField(),
        allow_empty=False,
        min_length=1,
        max_length=MAX_CUSTOMERS,
        **kwargs,
    )


class EarnBulkInput(EarnEventDate):
    """A badge to give to many customers.

    `issueEventDate` is an alias of `earnEventDate`, which takes precedence; for both names, the
    `...ISO` form takes precedence over the other form.
    """

    aliases = (("earnEventDateISO", "earnEventDate", "issueEventDateISO", "issueEventDate"),)

    badgeMetaId = TextField(source="badge_id", max_length=100, required=False, allow_null=True)
    customerIds = customers("customer_ids")
    requestId = RequestIdField(source="request_id", help_text="Each id is accepted once.")
    issueEventDate = WireDateTimeField(source="event_at", required=False, allow_null=True)
    issueEventDateISO = IsoDateTimeField(source="event_at", required=False, allow_null=True)
    triggeredBy = TriggeredBy(source="owner")


class EnrolInput(TwinsSerializer):
    """Customers to enrol.

    `issueEventDateISO` takes precedence over `issueEventDate`; the trigger is optional.
    """

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customers = customers("customer_ids")
    requestId = RequestIdField(source="request_id", help_text="Each id is accepted once.")
    issueEventDate = WireDateTimeField(source="event_at", required=False, allow_null=True)
    issueEventDateISO = IsoDateTimeField(source="event_at", required=False, allow_null=True)
    triggeredBy = TriggeredBy(source="owner", required=False, allow_null=True)


class IssualInput(ListItem):
    """One enrolment to revoke."""

    customerId = CustomerIdField(source="customer_id")
    issueId = TextField(source="enrolment_id", max_length=100)

    def to_internal_value(self, data):
        return EnrolmentToRevoke(**super().to_internal_value(data))


class RevokeEnrolmentsInput(serializers.Serializer):
    """Enrolments to revoke.

    `revokeIssuals` takes precedence over `customers`, which stands for all enrolments of these
    customers.
    """

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customers = serializers.ListField(child=CustomerIdField(), required=False, allow_null=True)
    revokeIssuals = IssualInput(source="enrolments", many=True, required=False, allow_null=True)
    requestId = RequestIdField(source="request_id", required=False, allow_null=True)

    def to_internal_value(self, data):
        """Refuse too many items before any of them is validated."""
        if isinstance(data, Mapping):
            items = data.get("revokeIssuals") or data.get("customers")
            if isinstance(items, list) and len(items) > MAX_ENROLMENTS:
                raise BadgeError(ErrorCode.TOO_MANY_ITEMS)
        return super().to_internal_value(data)

    def validate(self, attrs):
        of_customers = [
            EnrolmentToRevoke(customer) for customer in attrs.pop("customers", None) or []
        ]
        return attrs | {"enrolments": attrs.get("enrolments") or of_customers}


class RevokeEarnInput(serializers.Serializer):
    """One issued badge to revoke."""

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customerId = CustomerIdField(source="customer_id")
    earnedBadgeId = TextField(source="earned_badge_id", max_length=100)
    requestId = RequestIdField(source="request_id", required=False, allow_null=True)


class ImportItem(TwinsSerializer):
    """One earned badge.

    The `...ISO` fields take precedence; both dates are required in one of the two forms.
    """

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customerId = CustomerIdField(source="customer_id")
    earnEventDate = WireDateTimeField(source="event_at", required=False, allow_null=True)
    earnEventDateISO = IsoDateTimeField(source="event_at", required=False, allow_null=True)
    earnExpiresOn = WireDateTimeField(source="expires_at", required=False, allow_null=True)
    earnExpiresOnISO = IsoDateTimeField(source="expires_at", required=False, allow_null=True)

    def validate(self, attrs):
        event_at = attrs.get("event_at")
        expires_at = attrs.get("expires_at")
        dates = {"earnEventDate": event_at, "earnExpiresOn": expires_at}
        missing = {name: self.fields[name].error_messages["required"] for name in dates}
        missing = {name: text for name, text in missing.items() if dates[name] is None}
        if missing:
            raise serializers.ValidationError(missing)
        return ImportedBadge(attrs["badge_id"], attrs["customer_id"], event_at, expires_at)


def parse_items(data) -> list[ImportItem]:
    """Return the items of an import, valid or not.

    Raises ValidationError if the body is not a list of items, or if none of them is valid.
    """
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_CUSTOMERS:
        message = f"The body must be an array of 1 to {MAX_CUSTOMERS} items."
        raise serializers.ValidationError(message)
    items = [ImportItem(data=item) for item in data]
    if not any(item.is_valid() for item in items):
        raise serializers.ValidationError({index: item.errors for index, item in enumerate(items)})
    return items


class EarnedItem(serializers.Serializer):
    """A customer who was given the badge."""

    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(source="pk")


class FailedItem(serializers.Serializer):
    """A customer who was refused the badge."""

    customerId = serializers.IntegerField(source="customer_id")
    errorCode = serializers.IntegerField(source="refusal.code")
    errorMessage = serializers.CharField(source="refusal.message")


class ItemError(serializers.Serializer):
    """The reason for the refusal of one item of a list."""

    code = serializers.IntegerField()
    message = serializers.CharField()
    reference = serializers.CharField(allow_null=True, default=None, read_only=True)


class BulkOutput(serializers.Serializer):
    """The common fields of the responses to bulk calls."""

    badgeMetaId = serializers.CharField(source="request.badge_id")
    expiresOn = EpochField(source="expires_at")
    expiresOnISO = IsoDateTimeField(source="expires_at")
    triggeredBy = serializers.SerializerMethodField()
    requestId = serializers.SerializerMethodField()

    def get_requestId(self, result) -> str | int:
        return self.context["request_id"]

    def get_triggeredBy(self, result) -> TriggeredBy(allow_null=True):
        owner = self.context["owner"]
        return owner and TriggeredBy(owner).data


class EarnBulkOutput(BulkOutput):
    """The issued badges and the refused customers, each list in the order of the request."""

    earnedBadgesList = EarnedItem(source="facts", many=True)
    totalCount = serializers.SerializerMethodField()
    earnedCount = serializers.SerializerMethodField()
    failedCount = serializers.SerializerMethodField()
    failedEarnBadgeErrorList = FailedItem(source="refused", many=True)

    def get_totalCount(self, result) -> int:
        return len(result.outcomes)

    def get_earnedCount(self, result) -> int:
        return len(result.facts)

    def get_failedCount(self, result) -> int:
        return len(result.refused)


class EnrolledItem(serializers.Serializer):
    """An enrolment or, with an error, the existing one that prevents it."""

    customerId = serializers.IntegerField(source="customer_id")
    issuedId = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    error = ItemError(source="refusal", allow_null=True)

    def get_issuedId(self, outcome) -> str:
        return (outcome.fact or outcome.existing).pk

    def get_status(self, outcome) -> FactStatus:
        return (outcome.fact or outcome.existing).status(timezone.now())


class EnrolOutput(BulkOutput):
    """The customers with their enrolments, in the order of the request."""

    issuedBadges = EnrolledItem(source="outcomes", many=True)


class RevokedEnrolment(serializers.Serializer):
    """A revoked enrolment, or the reason for a refusal."""

    customerId = serializers.IntegerField(source="customer_id")
    issuedId = serializers.CharField(
        source="fact.pk", allow_null=True, default=None, read_only=True
    )
    error = ItemError(source="refusal", allow_null=True)


class RevokeEnrolmentsOutput(serializers.Serializer):
    """The result for each requested enrolment."""

    badgeMetaId = serializers.CharField(source="request.badge_id")
    revokedIssuedBadges = RevokedEnrolment(source="outcomes", many=True)
    requestId = serializers.SerializerMethodField()

    def get_requestId(self, result) -> str | int | None:
        return self.context["request_id"]


class RevokeEarnOutput(serializers.Serializer):
    """The issued badge that was revoked."""

    badgeMetaId = serializers.CharField(source="badge_id")
    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(source="pk")
    isActive = serializers.SerializerMethodField()

    def get_isActive(self, earned) -> bool:
        return earned.revoked_at is None
