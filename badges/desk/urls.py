"""Routes of the staff pages."""

from django.urls import include, path

from badges.desk import session
from badges.desk.tables import views as tables

app_name = "desk"

urlpatterns = [
    path("session/", session.state, name="session"),
    path("session/again/", session.signed_in_again, name="signed-in-again"),
    path("", include("badges.desk.home.urls")),
    path("", include("badges.desk.help.urls")),
    path("", include("badges.desk.search.urls")),
    path("", include("badges.desk.issuing.urls")),
    path("", include("badges.desk.customers.urls")),
    path("badges/", include("badges.desk.definitions.urls")),
    path("", include("badges.desk.groups_and_fields.urls")),
    path("integrators/", include("badges.desk.integrators.urls")),
    path("people/", include("badges.desk.people.urls")),
    path("", include("badges.desk.preferences.urls")),
    path("", include("badges.desk.record.urls")),
    path("", include("badges.desk.revoking.urls")),
    path("", include("badges.desk.ledgers.urls")),
    path("tables/<slug:name>/", tables.choose, name="table"),
]
