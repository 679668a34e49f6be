"""Routes of the staff pages."""

from django.urls import path

from badges.desk import views

app_name = "desk"

urlpatterns = [
    path("", views.home, name="home"),
    path("issue/", views.issue, name="issue"),
    path("issue/preview/", views.preview, name="preview"),
    path("issue/badges/", views.badges, name="badges"),
    path("receipts/<int:pk>/", views.receipt, name="receipt"),
]
