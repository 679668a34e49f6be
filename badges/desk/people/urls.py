"""Routes of the members of staff."""

from django.urls import path

from badges.desk.people import views

urlpatterns = [
    path("", views.index, name="people"),
    path("new/", views.new, name="person-new"),
    path("<int:pk>/", views.edit, name="person"),
    path("<int:pk>/link/", views.link, name="person-link"),
    path("<int:pk>/switch/", views.switch, name="person-switch"),
    path("<int:pk>/reset/", views.reset, name="person-reset"),
]
