"""The route of the time zone."""

from django.urls import path

from badges.desk.preferences import time_zone

urlpatterns = [
    path("time-zone/", time_zone.choose, name="time-zone"),
]
