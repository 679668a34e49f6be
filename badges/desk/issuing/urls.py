"""Routes of issuing."""

from django.urls import path

from badges.desk.issuing import receipts, views

urlpatterns = [
    path("issue/", views.issue, name="issue"),
    path("issue/preview/", views.preview, name="preview"),
    path("issue/badges/", views.badges, name="badges"),
    path("receipts/<int:pk>/", receipts.receipt, name="receipt"),
]
