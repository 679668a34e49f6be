"""Lists and details of badges that a customer can earn, has earned or is enrolled in."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

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
from badges.selectors.customer_badges import badge_of, badges_of, enrolment_statuses

READ = "badges.view_earnedbadge"


class CustomerReads:
    """The reading actions of `CustomerViewSet`."""

    lookup_url_kwarg = "customerId"
    lookup_value_regex = "[^/]+"

    @extend_schema(**schema.CUSTOMER_BADGES)
    def retrieve(self, request, customerId):
        now = timezone.now()
        query = CustomerBadgesQuery.of(request)
        pages = {"page": query.pop("page"), "size": query.pop("size")}
        badges = badges_of(CustomerPath.number(customerId), now=now, **query)
        data = page_of(badges, **pages).response_data("badges", CustomerBadgeOutput, now=now)
        return self.success(data)  # type: ignore[attr-defined]  # of the viewset


class MemberViewSet(BadgesViewSet):
    """Lists and details of a customer's badges for staff."""

    rights = {"retrieve": READ, "badge": READ}
    lookup_url_kwarg = "customerId"
    lookup_value_regex = "[^/]+"

    @extend_schema(**schema.MEMBER_BADGES)
    def retrieve(self, request, customerId):
        now, customer_id = timezone.now(), CustomerPath.number(customerId)
        query = MemberBadgesQuery.of(request)
        pages = {"page": query.pop("page"), "size": query.pop("size")}
        page = page_of(badges_of(customer_id, now=now, **query), **pages)
        statuses = enrolment_statuses(customer_id, page.items, now=now)
        data = page.response_data("customerBadges", MemberBadgeOutput, now=now, statuses=statuses)
        return self.success(data)

    @extend_schema(**schema.MEMBER_BADGE)
    @action(detail=True, methods=["get"], url_path="badge/(?P<badgeId>[^/]+)")
    def badge(self, request, customerId, badgeId):
        customer_id = CustomerPath.number(customerId)
        query = CustomerBadgeQuery.of(request)
        customer_badge = badge_of(customer_id, badgeId, now=timezone.now(), **query)
        return self.success(detail_of(customer_badge))
