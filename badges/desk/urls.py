"""Routes of the staff pages."""

from django.urls import include, path

from badges.desk import customers, receipts, revoking, views

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
    path("integrators/", include("badges.desk.integrators.urls")),
    path("receipts/<int:pk>/", receipts.receipt, name="receipt"),
    path("revoke/", revoking.revoke, name="revoke"),
    path("requests/<int:pk>/revoke/", revoking.revoke_issued_by, name="revoke_request"),
]
