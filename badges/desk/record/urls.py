"""Routes of the page of the record."""

from django.urls import path

from badges.desk.record import views

urlpatterns = [
    path("audit/", views.record, name="record"),
    path("audit/public-key/", views.public_key, name="record_key"),
    path("audit/verify/", views.verify, name="verify"),
    path("audit/verifications/<int:pk>/", views.verify_on, name="verify_on"),
]
