"""The routes of the API, as the contract has them: without a slash at the end."""

from rest_framework.routers import SimpleRouter

from badges.api.views import CustomerViewSet, ReceiptViewSet

router = SimpleRouter(trailing_slash=False)
router.register("customer", CustomerViewSet, basename="customer")
router.register("requests", ReceiptViewSet, basename="request")

urlpatterns = router.urls
