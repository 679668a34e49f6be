"""Routes of the search."""

from django.urls import path

from badges.desk.search import views

urlpatterns = [
    path("find/", views.find, name="find"),
    path("find/suggestions/", views.suggestions, name="find-suggestions"),
]
