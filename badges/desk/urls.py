"""Routes of the staff pages."""

from django.urls import include, path

from badges.desk import audit, customers, receipts, revoking, views

app_name = "desk"

urlpatterns = [
    path("", views.home, name="home"),
    path("find/", customers.find, name="find"),
    path("customers/<int:customer_id>/", customers.customer, name="customer"),
    path(
        "customers/<int:customer_id>/badges/<str:badge_id>/",
        customers.customer_badge,
        name="customer_badge",
    ),
    path("customers/<int:customer_id>/badges/<str:badge_id>/enrol/", customers.enrol, name="enrol"),
    path(
        "customers/<int:customer_id>/badges/<str:badge_id>/enrol/preview/",
        customers.enrol_preview,
        name="enrol_preview",
    ),
    path("issue/", views.issue, name="issue"),
    path("issue/preview/", views.preview, name="preview"),
    path("issue/badges/", views.badges, name="badges"),
    path("badges/", include("badges.desk.definitions.urls")),
    path("", include("badges.desk.display.urls")),
    path("integrators/", include("badges.desk.integrators.urls")),
    path("receipts/<int:pk>/", receipts.receipt, name="receipt"),
    path("audit/", audit.record, name="record"),
    path("audit/public-key/", audit.public_key, name="record_key"),
    path("audit/verify/", audit.verify, name="verify"),
    path("audit/verifications/<int:pk>/", audit.verify_on, name="verify_on"),
    path("revoke/", revoking.revoke, name="revoke"),
    path("requests/<int:pk>/revoke/", revoking.revoke_issued_by, name="revoke_request"),
    path("", include("badges.desk.ledgers.urls")),
]
