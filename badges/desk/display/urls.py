"""Routes of the badge groups and the custom fields."""

from django.urls import path

from badges.desk.display import fields, groups

urlpatterns = [
    path("groups/", groups.index, name="groups"),
    path("groups/new/", groups.new, name="group-new"),
    path("groups/<str:pk>/", groups.detail, name="group"),
    path("groups/<str:pk>/edit/", groups.edit, name="group-edit"),
    path("groups/<str:pk>/switch/", groups.switch, name="group-switch"),
    path("fields/", fields.index, name="fields"),
    path("fields/new/", fields.new, name="field-new"),
    path("fields/<str:pk>/", fields.detail, name="field"),
    path("fields/<str:pk>/edit/", fields.edit, name="field-edit"),
    path("fields/<str:pk>/disable/", fields.disable, name="field-disable"),
]
