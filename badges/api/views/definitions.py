"""Badge definitions and their claims."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from badges.api import envelope
from badges.api.paging import page_of
from badges.api.preconditions import expected_versions, with_etag
from badges.api.schema import definitions as schema
from badges.api.serializers.definitions import (
    BadgeListItem,
    BadgeListQuery,
    BadgeOutput,
    BadgeQuery,
    BadgeSwitchOutput,
    BadgeWithStatistics,
    ClaimOutput,
)
from badges.api.serializers.drafts import BadgeInput, BadgeUpdate, OwnerInput
from badges.api.serializers.windows import CycleOutput, CycleQuery, CyclesOutput
from badges.api.views.base import BadgesViewSet
from badges.errors import ErrorCode
from badges.models import Operation
from badges.selectors.definitions import badge_with_everything, badges_like, counts_of, cycles_of
from badges.services.catalogue import definitions


class BadgeMetaViewSet(BadgesViewSet):
    """Badge definitions and their claims."""

    rights = {
        "create": "badges.add_badgemeta",
        "replace": "badges.change_badgemeta",
        "retrieve": "badges.view_badgemeta",
        "list": "badges.view_badgemeta",
        "claim": "badges.add_claim",
        "unclaim": "badges.change_claim",
        "activate": "badges.change_badgemeta",
        "deactivate": "badges.change_badgemeta",
        "cycles": "badges.view_badgemeta",
    }
    operations = {
        "create": Operation.CREATE_BADGE,
        "replace": Operation.UPDATE_BADGE,
        "claim": Operation.CLAIM,
        "unclaim": Operation.UNCLAIM,
        "activate": Operation.ACTIVATE_BADGE,
        "deactivate": Operation.DEACTIVATE_BADGE,
    }
    inputs = {
        "create": BadgeInput,
        "replace": BadgeUpdate,
        "claim": OwnerInput,
        "unclaim": OwnerInput,
        "cycles": CycleQuery,
    }
    lookup_url_kwarg = "badgeId"
    lookup_value_regex = "[^/]+"

    @extend_schema(request=BadgeInput, **schema.CREATE)
    def create(self, request):
        arguments = self.arguments()
        badge = definitions.create_badge(origin=self.origin(), **arguments)
        output = BadgeOutput(badge_with_everything(badge.pk))
        return self.success(output.data, status=201)

    @extend_schema(request=BadgeUpdate, **schema.UPDATE)
    def replace(self, request):
        arguments = self.arguments()
        changed = definitions.update_badge(
            origin=self.origin(), seen=expected_versions(request), **arguments
        )
        badge = badge_with_everything(changed.pk)
        return with_etag(self.success(BadgeOutput(badge).data), badge)

    @extend_schema(**schema.READ)
    def retrieve(self, request, badgeId):
        query = BadgeQuery.of(request)
        badge = badge_with_everything(badgeId)
        if not query["with_statistics"]:
            return with_etag(self.success(BadgeOutput(badge).data), badge)
        output = BadgeWithStatistics(badge, context={"counts": counts_of([badge])})
        return with_etag(self.success(output.data), badge)

    @extend_schema(**schema.LIST)
    def list(self, request):
        now, query = timezone.now(), BadgeListQuery.of(request)
        pages = {"page": query.pop("page"), "size": query.pop("size")}
        page = page_of(badges_like(now=now, **query), **pages)
        context = {"now": now, "counts": counts_of(page.items)}
        return self.success(page.response_data("metaBasicDetails", BadgeListItem, **context))

    @extend_schema(request=OwnerInput, **schema.CLAIM)
    @action(detail=True, methods=["post"])
    def claim(self, request, badgeId):
        arguments = self.arguments()
        claim, is_new = definitions.claim_badge(origin=self.origin(), badge_id=badgeId, **arguments)
        warnings = [] if is_new else [envelope.warning(ErrorCode.ALREADY_CLAIMED)]
        return self.success(ClaimOutput(claim).data, warnings)

    @extend_schema(request=OwnerInput, **schema.UNCLAIM)
    @action(detail=True, methods=["post"])
    def unclaim(self, request, badgeId):
        arguments = self.arguments()
        claim = definitions.unclaim_badge(origin=self.origin(), badge_id=badgeId, **arguments)
        return self.success(ClaimOutput(claim).data)

    @extend_schema(request=None, **schema.ACTIVATE)
    @action(detail=True, methods=["put"])
    def activate(self, request, badgeId):
        return self._switch(badgeId, active=True)

    @extend_schema(request=None, **schema.DEACTIVATE)
    @action(detail=True, methods=["put"])
    def deactivate(self, request, badgeId):
        return self._switch(badgeId, active=False)

    def _switch(self, badge_id: str, *, active: bool):
        """Activate or deactivate a badge; the body is ignored."""
        badge = definitions.switch_badge(
            origin=self.origin(),
            badge_id=badge_id,
            active=active,
            seen=expected_versions(self.request),
        )
        return with_etag(self.success(BadgeSwitchOutput(badge).data), badge)

    @extend_schema(**schema.CYCLES)
    @action(detail=False, methods=["get"], url_path="getFixedWindowDetails")
    def cycles(self, request):
        query = CycleQuery.of(request)
        pages = {"page": query.pop("page"), "size": query.pop("size")}
        selected = cycles_of(**query)
        page = page_of(selected.cycles, **pages)
        page_data = page.response_data(
            "fixedWindowCycles", CycleOutput, counts=selected.counts(page.items)
        )
        return self.success(CyclesOutput(selected).data | page_data)
