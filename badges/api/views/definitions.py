"""Badge definitions: written, claimed, switched, read."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from badges.api import envelope
from badges.api.paging import page_of
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
from badges.listings import badge_with_everything, badges_like, counts_of, cycles_of
from badges.models import Operation
from badges.services import definitions


class BadgeMetaViewSet(BadgesViewSet):
    """The definitions of badges, and who has claimed them."""

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
        given = self.given()
        badge = definitions.create_badge(origin=self.origin(), **given)
        output = BadgeOutput(badge_with_everything(badge.pk))
        return envelope.success(output.data, status=201)

    @extend_schema(request=BadgeUpdate, **schema.UPDATE)
    def replace(self, request):
        given = self.given()
        badge = definitions.update_badge(origin=self.origin(), **given)
        return envelope.success(BadgeOutput(badge_with_everything(badge.pk)).data)

    @extend_schema(**schema.READ)
    def retrieve(self, request, badgeId):  # noqa: N803 - the path's name in the contract
        asked = BadgeQuery.of(request)
        badge = badge_with_everything(badgeId)
        if not asked["with_statistics"]:
            return envelope.success(BadgeOutput(badge).data)
        output = BadgeWithStatistics(badge, context={"counts": counts_of([badge])})
        return envelope.success(output.data)

    @extend_schema(**schema.LIST)
    def list(self, request):
        now, asked = timezone.now(), BadgeListQuery.of(request)
        pages = {"page": asked.pop("page"), "size": asked.pop("size")}
        page = page_of(badges_like(now=now, **asked), **pages)
        context = {"now": now, "counts": counts_of(page.items)}
        return envelope.success(page.under("metaBasicDetails", BadgeListItem, **context))

    @extend_schema(request=OwnerInput, **schema.CLAIM)
    @action(detail=True, methods=["post"])
    def claim(self, request, badgeId):  # noqa: N803
        given = self.given()
        claim, is_new = definitions.claim_badge(origin=self.origin(), badge_id=badgeId, **given)
        warnings = [] if is_new else [envelope.warning(ErrorCode.ALREADY_CLAIMED)]
        return envelope.success(ClaimOutput(claim).data, warnings)

    @extend_schema(request=OwnerInput, **schema.UNCLAIM)
    @action(detail=True, methods=["post"])
    def unclaim(self, request, badgeId):  # noqa: N803
        given = self.given()
        claim = definitions.unclaim_badge(origin=self.origin(), badge_id=badgeId, **given)
        return envelope.success(ClaimOutput(claim).data)

    @extend_schema(request=None, **schema.ACTIVATE)
    @action(detail=True, methods=["put"])
    def activate(self, request, badgeId):  # noqa: N803
        return self.switched(badgeId, active=True)

    @extend_schema(request=None, **schema.DEACTIVATE)
    @action(detail=True, methods=["put"])
    def deactivate(self, request, badgeId):  # noqa: N803
        return self.switched(badgeId, active=False)

    def switched(self, badge_id: str, *, active: bool):
        """Switch a badge; whatever the body says does not matter."""
        badge = definitions.switch_badge(origin=self.origin(), badge_id=badge_id, active=active)
        return envelope.success(BadgeSwitchOutput(badge).data)

    @extend_schema(**schema.CYCLES)
    @action(detail=False, methods=["get"], url_path="getFixedWindowDetails")
    def cycles(self, request):
        asked = CycleQuery.of(request)
        pages = {"page": asked.pop("page"), "size": asked.pop("size")}
        found = cycles_of(**asked)
        page = page_of(found.cycles, **pages)
        listed = page.under("fixedWindowCycles", CycleOutput, counts=found.counts(page.items))
        return envelope.success(CyclesOutput(found).data | listed)
