"""The route of the home page."""

from django.urls import path

from badges.desk.home import views

urlpatterns = [
    path("", views.home, name="home"),
]
