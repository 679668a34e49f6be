"""Earns, enrolments and their revocation."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from badges.api import envelope
from badges.api.schema import bulk as bulk_schema
from badges.api.schema import operations as schema
from badges.api.serializers.bulk import (
    EarnBulkInput,
    EarnBulkOutput,
    EnrolInput,
    EnrolOutput,
    RevokeEarnInput,
    RevokeEarnOutput,
    RevokeEnrolmentsInput,
    RevokeEnrolmentsOutput,
)
from badges.api.serializers.operations import EarnInput, EarnOutput
from badges.api.views.base import BadgesViewSet
from badges.api.views.members import READ, CustomerReads
from badges.models import Operation
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.revoke import revoke_earned, revoke_enrolments
from badges.services.earning.earn import earn_badge, earn_badges


class CustomerViewSet(CustomerReads, BadgesViewSet):
    """Endpoints that give, revoke and list the badges of customers."""

    rights = {
        "earn": "badges.earn_badge",
        "earn_bulk": "badges.earn_badge",
        "revoke_earn": "badges.revoke_badge",
        "retrieve": READ,
    }
    operations = {
        "earn": Operation.EARN,
        "earn_bulk": Operation.EARN_BULK,
        "revoke_earn": Operation.REVOKE_EARN,
    }
    inputs = {"earn": EarnInput, "earn_bulk": EarnBulkInput, "revoke_earn": RevokeEarnInput}

    @extend_schema(request=EarnInput, **schema.EARN)
    @action(detail=False, methods=["post"])
    def earn(self, request):
        arguments = self.arguments()
        earned = earn_badge(origin=self.origin(), **arguments)
        return self.success(EarnOutput(earned, context=self.echo(arguments)).data)

    @extend_schema(request=EarnBulkInput, **bulk_schema.EARN_BULK)
    @action(detail=False, methods=["post"], url_path="earnBulk")
    def earn_bulk(self, request):
        arguments = self.arguments()
        result = earn_badges(origin=self.origin(), **arguments)
        output = EarnBulkOutput(result, context=self.echo(arguments))
        return self.success(
            output.data, envelope.repeated_customer_warnings(arguments["customer_ids"])
        )

    @extend_schema(request=RevokeEarnInput, **bulk_schema.REVOKE_EARN)
    @action(detail=False, methods=["post"], url_path="revokeEarn")
    def revoke_earn(self, request):
        arguments = self.arguments()
        revoked = revoke_earned(origin=self.origin(), **arguments)
        return self.success(RevokeEarnOutput(revoked).data)


class EnrolmentViewSet(BadgesViewSet):
    """Endpoints that create and revoke the enrolments of customers."""

    rights = {"issue_bulk": "badges.enrol_customer", "revoke_issue": "badges.revoke_enrolment"}
    operations = {
        "issue_bulk": Operation.ENROL_BULK,
        "revoke_issue": Operation.REVOKE_ENROLMENT,
    }
    inputs = {"issue_bulk": EnrolInput, "revoke_issue": RevokeEnrolmentsInput}

    @extend_schema(request=EnrolInput, **bulk_schema.ENROL)
    @action(detail=False, methods=["post"], url_path="issueBulk")
    def issue_bulk(self, request):
        arguments = self.arguments()
        result = enrol_customers(origin=self.origin(), **arguments)
        output = EnrolOutput(result, context=self.echo(arguments))
        return self.success(
            output.data, envelope.repeated_customer_warnings(arguments["customer_ids"])
        )

    @extend_schema(request=RevokeEnrolmentsInput, **bulk_schema.REVOKE_ENROLMENTS)
    @action(detail=False, methods=["post"], url_path="revokeIssue")
    def revoke_issue(self, request):
        arguments = self.arguments()
        result = revoke_enrolments(origin=self.origin(), **arguments)
        return self.success(RevokeEnrolmentsOutput(result, context=self.echo(arguments)).data)
