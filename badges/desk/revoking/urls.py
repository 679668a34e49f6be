"""Routes of revoking."""

from django.urls import path

from badges.desk.revoking import views

urlpatterns = [
    path("revoke/", views.revoke, name="revoke"),
    path("requests/<int:pk>/revoke/", views.revoke_issued_by, name="revoke_request"),
]
