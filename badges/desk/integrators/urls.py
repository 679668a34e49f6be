"""Routes of the integrators."""

from django.urls import path

from badges.desk.integrators import views

urlpatterns = [
    path("", views.index, name="integrators"),
    path("new/", views.new, name="integrator-new"),
    path("<int:pk>/", views.edit, name="integrator"),
    path("<int:pk>/secret/", views.secret, name="integrator-secret"),
    path("<int:pk>/rotate/", views.rotate, name="integrator-rotate"),
    path("<int:pk>/revoke/", views.revoke, name="integrator-revoke"),
]
