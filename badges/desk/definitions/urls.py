"""Routes of the badge definitions."""

from django.urls import path

from badges.desk.definitions import editing, views

urlpatterns = [
    path("", views.index, name="definitions"),
    path("new/", editing.new, name="definition-new"),
    path("<str:pk>/", views.detail, name="definition"),
    path("<str:pk>/edit/", editing.edit, name="definition-edit"),
    path("<str:pk>/duplicate/", editing.duplicate, name="definition-duplicate"),
    path("<str:pk>/switch/", views.switch, name="definition-switch"),
    path("<str:pk>/claim/", views.claim, name="definition-claim"),
    path("<str:pk>/unclaim/", views.unclaim, name="definition-unclaim"),
]
