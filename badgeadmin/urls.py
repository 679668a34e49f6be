"""The root URLconf; each page and endpoint declares its own permission."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from badges import health
from badges.admin import accounts
from badges.api.description import described
from badges.api.envelope import unknown_path
from badges.api.tokens import RecordedTokenView
from badges.metrics import metrics
from badges.pictures import picture

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="desk:home"), name="home"),
    path("admin/", include(accounts)),
    path("admin/", admin.site.urls),
    path("desk/", include("badges.desk.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api_gateway/v1/badges/", include("badges.api.urls")),
    re_path("^api_gateway/", unknown_path),
    path("api/schema/", described(SpectacularAPIView.as_view()), name="schema"),
    path("api/docs/", described(SpectacularSwaggerSplitView.as_view()), name="swagger"),
    # The only view of the OAuth toolkit: its other pages let any user register clients.
    path("o/token/", RecordedTokenView.as_view(), name="token"),
    # The path in the description of the API, where no path ends with a slash; Django could not
    # redirect a POST from one to the other.
    path("o/token", RecordedTokenView.as_view()),
    path("media/badges/<str:name>", picture, name="picture"),
    path("metrics", metrics, name="metrics"),
    path("healthz", health.ready, name="healthz"),
    path("healthz/live", health.live, name="healthz-live"),
]

handler400 = "badgeadmin.errors.bad_request"
handler403 = "badges.desk.errors.forbidden"
handler404 = "badges.desk.errors.not_found"
handler500 = "badges.api.envelope.server_error"
