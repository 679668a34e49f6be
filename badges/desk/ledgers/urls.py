"""Routes of the ledgers."""

from django.urls import path

from badges.desk.ledgers import exports, figures, history, request_list, request_page

urlpatterns = [
    path("requests/", request_list.index, name="requests"),
    path("requests/tail/", request_list.tail, name="requests-tail"),
    path("requests/badges/", request_list.badges, name="requests-badges"),
    path("requests/actors/", request_list.actors, name="requests-actors"),
    path("requests/filters/", request_list.save, name="requests-keep"),
    path("requests/filters/<int:pk>/share/", request_list.share, name="requests-share"),
    path("requests/filters/<int:pk>/delete/", request_list.delete, name="requests-forget"),
    path("requests/<int:pk>/", request_page.detail, name="request"),
    path("history/", history.index, name="history"),
    path("history/<slug:kind>/", history.index, name="history"),
    path("history/<slug:kind>/filters/", history.save, name="history-keep"),
    path("history/<slug:kind>/filters/<int:pk>/share/", history.share, name="history-share"),
    path("history/<slug:kind>/filters/<int:pk>/delete/", history.delete, name="history-forget"),
    path("figures/", figures.figures, name="figures"),
    path("exports/", exports.index, name="exports"),
    path("exports/new/", exports.new, name="export-new"),
    path("exports/<int:pk>/", exports.receipt, name="export"),
    path("exports/<int:pk>/progress/", exports.progress, name="export-progress"),
    path("exports/<int:pk>/file/", exports.download, name="export-file"),
]
