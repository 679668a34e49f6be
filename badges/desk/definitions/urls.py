"""Routes of the badge definitions."""

from django.urls import path

from badges.desk.definitions import editing, pages

urlpatterns = [
    path("", pages.index, name="definitions"),
    path("new/", editing.new, name="definition-new"),
    path("<str:pk>/", pages.detail, name="definition"),
    path("<str:pk>/edit/", editing.edit, name="definition-edit"),
    path("<str:pk>/duplicate/", editing.duplicate, name="definition-duplicate"),
    path("<str:pk>/switch/", pages.switch, name="definition-switch"),
    path("<str:pk>/claim/", pages.claim, name="definition-claim"),
    path("<str:pk>/unclaim/", pages.unclaim, name="definition-unclaim"),
]
