"""What customers can earn, have earned and are enrolled in."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from badges.api import envelope
from badges.api.paging import page_of
from badges.api.schema import members as schema
from badges.api.serializers.customer_badge import detail_of
from badges.api.serializers.customers import (
    CustomerBadgeOutput,
    CustomerBadgeQuery,
    CustomerBadgesQuery,
    CustomerPath,
    MemberBadgeOutput,
    MemberBadgesQuery,
)
from badges.api.views.base import BadgesViewSet
from badges.reads import badge_of, badges_of, enrolment_statuses

READ = "badges.view_earnedbadge"


class CustomerReads:
    """The reading half of `CustomerViewSet`."""

    lookup_url_kwarg = "customerId"
    lookup_value_regex = "[^/]+"

    @extend_schema(**schema.CUSTOMER_BADGES)
    def retrieve(self, request, customerId):  # noqa: N803 - the path's name in the contract
        now = timezone.now()
        asked = CustomerBadgesQuery.of(request)
        pages = {"page": asked.pop("page"), "size": asked.pop("size")}
        found = badges_of(CustomerPath.number(customerId), now=now, **asked)
        page = page_of(found, **pages)
        return envelope.success(page.under("badges", CustomerBadgeOutput, now=now))


class MemberViewSet(BadgesViewSet):
    """The lists and details that staff see of a customer."""

    rights = {"retrieve": READ, "badge": READ}
    lookup_url_kwarg = "customerId"
    lookup_value_regex = "[^/]+"

    @extend_schema(**schema.MEMBER_BADGES)
    def retrieve(self, request, customerId):  # noqa: N803
        now, customer_id = timezone.now(), CustomerPath.number(customerId)
        asked = MemberBadgesQuery.of(request)
        pages = {"page": asked.pop("page"), "size": asked.pop("size")}
        page = page_of(badges_of(customer_id, now=now, **asked), **pages)
        statuses = enrolment_statuses(customer_id, page.items, now=now)
        data = page.under("customerBadges", MemberBadgeOutput, now=now, statuses=statuses)
        return envelope.success(data)

    @extend_schema(**schema.MEMBER_BADGE)
    @action(detail=True, methods=["get"], url_path="badge/(?P<badgeId>[^/]+)")
    def badge(self, request, customerId, badgeId):  # noqa: N803
        customer_id = CustomerPath.number(customerId)
        asked = CustomerBadgeQuery.of(request)
        found = badge_of(customer_id, badgeId, now=timezone.now(), **asked)
        return envelope.success(detail_of(found))
