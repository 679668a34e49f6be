"""Many customers in one call, revoking and importing (contract, 2.2 to 2.5 and 2.16)."""

from django.utils import timezone
from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoMomentField,
    MomentField,
    RequestIdField,
    TextField,
)
from badges.api.serializers.operations import EarnEventDate
from badges.api.serializers.shared import ListItem, TriggeredBy
from badges.services.imports import EarnedBefore
from badges.services.revoke import EnrolmentToRevoke

MOST_CUSTOMERS = 20_000


def customers(source: str, **how) -> serializers.ListField:
    """A list of customer ids; one that stands in it twice counts once."""
    return serializers.ListField(
        source=source,
        child=CustomerIdField(),
        allow_empty=False,
        min_length=1,
        max_length=MOST_CUSTOMERS,
        **how,
    )


class EarnBulkInput(EarnEventDate):
    """Contract, 2.2. `issueEventDate` is another name for `earnEventDate`, which wins."""

    badgeMetaId = TextField(source="badge_id", max_length=100, required=False, allow_null=True)
    customerIds = customers("customer_ids")
    requestId = RequestIdField(source="request_id", help_text="Accepted once, ever.")
    issueEventDate = MomentField(source="event_at_alias", required=False, allow_null=True)
    triggeredBy = TriggeredBy(source="owner")

    def validate(self, attrs):
        alias = attrs.pop("event_at_alias", None)
        attrs = super().validate(attrs)
        return attrs | {"event_at": attrs.get("event_at") or alias}


class EnrolInput(serializers.Serializer):
    """Contract, 2.3. `issueEventDateISO` wins over `issueEventDate`; the trigger is optional."""

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customers = customers("customer_ids")
    requestId = RequestIdField(source="request_id", help_text="Accepted once, ever.")
    issueEventDate = MomentField(source="event_at", required=False, allow_null=True)
    issueEventDateISO = IsoMomentField(source="event_at_iso", required=False, allow_null=True)
    triggeredBy = TriggeredBy(source="owner", required=False, allow_null=True)

    def validate(self, attrs):
        iso = attrs.pop("event_at_iso", None)
        return attrs | {"event_at": iso} if iso else attrs


class IssualInput(ListItem):
    """One enrolment to revoke."""

    customerId = CustomerIdField(source="customer_id")
    issueId = TextField(source="enrolment_id", max_length=100)

    def to_internal_value(self, data):
        return EnrolmentToRevoke(**super().to_internal_value(data))


class RevokeEnrolmentsInput(serializers.Serializer):
    """Contract, 2.4. `revokeIssuals` wins over `customers`, which means all of theirs."""

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customers = serializers.ListField(child=CustomerIdField(), required=False, allow_null=True)
    revokeIssuals = IssualInput(source="wanted", many=True, required=False, allow_null=True)
    requestId = RequestIdField(source="request_id", required=False, allow_null=True)

    def validate(self, attrs):
        whole = [EnrolmentToRevoke(customer) for customer in attrs.pop("customers", None) or []]
        return attrs | {"wanted": attrs.get("wanted") or whole}


class RevokeEarnInput(serializers.Serializer):
    """Contract, 2.5."""

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customerId = CustomerIdField(source="customer_id")
    earnedBadgeId = TextField(source="earned_badge_id", max_length=100)
    requestId = RequestIdField(source="request_id", required=False, allow_null=True)


class ImportItem(serializers.Serializer):
    """Contract, 2.16. The `...ISO` fields win; both dates are required in one form or the other."""

    badgeMetaId = TextField(source="badge_id", max_length=100)
    customerId = CustomerIdField(source="customer_id")
    earnEventDate = MomentField(source="event_at", required=False, allow_null=True)
    earnEventDateISO = IsoMomentField(source="event_at_iso", required=False, allow_null=True)
    earnExpiresOn = MomentField(source="expires_at", required=False, allow_null=True)
    earnExpiresOnISO = IsoMomentField(source="expires_at_iso", required=False, allow_null=True)

    def validate(self, attrs):
        event_at = attrs.get("event_at_iso") or attrs.get("event_at")
        expires_at = attrs.get("expires_at_iso") or attrs.get("expires_at")
        needed = {"earnEventDate": event_at, "earnExpiresOn": expires_at}
        missing = {name: self.fields[name].error_messages["required"] for name in needed}
        missing = {name: text for name, text in missing.items() if needed[name] is None}
        if missing:
            raise serializers.ValidationError(missing)
        return EarnedBefore(attrs["badge_id"], attrs["customer_id"], event_at, expires_at)


def items_of(data) -> list[ImportItem]:
    """Return the items of an import, each valid or not; refuse a body that is no list of them."""
    if not isinstance(data, list) or not 1 <= len(data) <= MOST_CUSTOMERS:
        message = f"The body must be an array of 1 to {MOST_CUSTOMERS} items."
        raise serializers.ValidationError(message)
    items = [ImportItem(data=item) for item in data]
    if not any(item.is_valid() for item in items):
        raise serializers.ValidationError({place: item.errors for place, item in enumerate(items)})
    return items


class EarnedItem(serializers.Serializer):
    """A customer who was given the badge."""

    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(source="pk")


class FailedItem(serializers.Serializer):
    """A customer who was refused."""

    customerId = serializers.IntegerField(source="customer_id")
    errorCode = serializers.IntegerField(source="refusal.code")
    errorMessage = serializers.CharField(source="refusal.message")


class ItemError(serializers.Serializer):
    """Why one item of a list was refused."""

    code = serializers.IntegerField()
    message = serializers.CharField()
    reference = serializers.CharField(allow_null=True, default=None)


class BulkOutput(serializers.Serializer):
    """What the answers for many customers share."""

    badgeMetaId = serializers.CharField(source="request.badge_id")
    expiresOn = EpochField(source="expires_at")
    expiresOnISO = IsoMomentField(source="expires_at")
    triggeredBy = serializers.SerializerMethodField()
    requestId = serializers.SerializerMethodField()

    def get_requestId(self, result) -> str | int:  # noqa: N802 - DRF derives it from the field
        return self.context["request_id"]

    def get_triggeredBy(self, result) -> TriggeredBy(allow_null=True):  # noqa: N802
        owner = self.context["owner"]
        return owner and TriggeredBy(owner).data


class EarnBulkOutput(BulkOutput):
    """Who was given the badge, and who was refused, each list in the order of the request."""

    earnedBadgesList = EarnedItem(source="facts", many=True)
    totalCount = serializers.SerializerMethodField()
    earnedCount = serializers.SerializerMethodField()
    failedCount = serializers.SerializerMethodField()
    failedEarnBadgeErrorList = FailedItem(source="refused", many=True)

    def get_totalCount(self, result) -> int:  # noqa: N802
        return len(result.outcomes)

    def get_earnedCount(self, result) -> int:  # noqa: N802
        return len(result.facts)

    def get_failedCount(self, result) -> int:  # noqa: N802
        return len(result.refused)


class EnrolledItem(serializers.Serializer):
    """An enrolment, or with an error the one that stands in the way."""

    customerId = serializers.IntegerField(source="customer_id")
    issuedId = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    error = ItemError(source="refusal", allow_null=True)

    def get_issuedId(self, outcome) -> str:  # noqa: N802
        return (outcome.fact or outcome.stands).pk

    def get_status(self, outcome) -> str:
        return (outcome.fact or outcome.stands).status(timezone.now())


class EnrolOutput(BulkOutput):
    """Each customer with the enrolment, in the order of the request."""

    issuedBadges = EnrolledItem(source="outcomes", many=True)


class RevokedEnrolment(serializers.Serializer):
    """An enrolment that was revoked, or why none was."""

    customerId = serializers.IntegerField(source="customer_id")
    issuedId = serializers.CharField(source="fact.pk", allow_null=True, default=None)
    error = ItemError(source="refusal", allow_null=True)


class RevokeEnrolmentsOutput(serializers.Serializer):
    """Each enrolment that was asked for."""

    badgeMetaId = serializers.CharField(source="request.badge_id")
    revokedIssuedBadges = RevokedEnrolment(source="outcomes", many=True)
    requestId = serializers.SerializerMethodField()

    def get_requestId(self, result) -> str | int | None:  # noqa: N802
        return self.context["request_id"]


class RevokeEarnOutput(serializers.Serializer):
    """The badge that the customer holds no more."""

    badgeMetaId = serializers.CharField(source="badge_id")
    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(source="pk")
    isActive = serializers.SerializerMethodField()

    def get_isActive(self, earned) -> bool:  # noqa: N802
        return earned.revoked_at is None
