"""Routes of the ledgers."""

from django.urls import path

from badges.desk.ledgers import exports, figures, history, request, requests

urlpatterns = [
    path("requests/", requests.index, name="requests"),
    path("requests/tail/", requests.tail, name="requests-tail"),
    path("requests/badges/", requests.badges, name="requests-badges"),
    path("requests/filters/", requests.keep, name="requests-keep"),
    path("requests/filters/<int:pk>/delete/", requests.forget, name="requests-forget"),
    path("requests/<int:pk>/", request.detail, name="request"),
    path("history/", history.index, name="history"),
    path("history/<slug:kind>/", history.index, name="history"),
    path("history/<slug:kind>/filters/", history.keep, name="history-keep"),
    path("history/<slug:kind>/filters/<int:pk>/delete/", history.forget, name="history-forget"),
    path("figures/", figures.figures, name="figures"),
    path("exports/", exports.index, name="exports"),
    path("exports/new/", exports.new, name="export-new"),
    path("exports/<int:pk>/", exports.receipt, name="export"),
    path("exports/<int:pk>/progress/", exports.progress, name="export-progress"),
    path("exports/<int:pk>/file/", exports.download, name="export-file"),
]
