"""The routes of the API, without a trailing slash as in the contract."""

from rest_framework.routers import SimpleRouter

from badges.api.views.customers import CustomerViewSet, EnrolmentViewSet
from badges.api.views.definitions import BadgeMetaViewSet
from badges.api.views.groups import CustomFieldViewSet, GroupViewSet
from badges.api.views.imports import ImportViewSet
from badges.api.views.members import MemberViewSet
from badges.api.views.requests import ReceiptViewSet


class BadgesRouter(SimpleRouter):
    """Router that also maps PUT on a list, for a badge with its id in the body (CONTRACT.md, 2.10).

    A route must match up to the very end of the path: `$` would ignore a trailing line feed.
    """

    whole, *others = (
        route._replace(url=route.url.removesuffix("$") + r"\Z") for route in SimpleRouter.routes
    )
    routes = [whole._replace(mapping=whole.mapping | {"put": "replace"}), *others]


router = BadgesRouter(trailing_slash=False)
router.register("customer", CustomerViewSet, basename="customer")
router.register("badgeMeta/customer", EnrolmentViewSet, basename="enrolment")
router.register("badgeMeta", BadgeMetaViewSet, basename="badge")
router.register("group", GroupViewSet, basename="group")
router.register("customField", CustomFieldViewSet, basename="custom-field")
router.register("import", ImportViewSet, basename="import")
router.register("management", MemberViewSet, basename="member")
router.register("requests", ReceiptViewSet, basename="request")

urlpatterns = router.urls
