"""Routes of the help."""

from django.urls import path

from badges.desk.help import views

urlpatterns = [
    path("help/", views.help_page, name="help"),
    path("hints/dismiss/", views.dismiss, name="hint-dismiss"),
]
