"""Routes of the pages of one customer."""

from django.urls import path

from badges.desk.customers import notes, views

urlpatterns = [
    path("customers/<int:customer_id>/", views.customer, name="customer"),
    path("customers/<int:customer_id>/notes/", notes.notes, name="customer_notes"),
    path("customers/<int:customer_id>/layout/", views.customer_layout, name="customer_layout"),
    path(
        "customers/<int:customer_id>/timeline/", views.customer_timeline, name="customer_timeline"
    ),
    path(
        "customers/<int:customer_id>/badges/<str:badge_id>/",
        views.customer_badge,
        name="customer_badge",
    ),
    path("customers/<int:customer_id>/badges/<str:badge_id>/enrol/", views.enrol, name="enrol"),
    path(
        "customers/<int:customer_id>/badges/<str:badge_id>/enrol/preview/",
        views.enrol_preview,
        name="enrol_preview",
    ),
]
