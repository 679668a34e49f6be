"""The columns of the history of issued badges and enrolments."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from badges.desk.ledgers.pages import TIME
from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.times import expiry_in_words, time_element

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CUSTOMER = "customer"


def _when(row, links):
    return cells.link(links.timeline(row["timeline"]), time_element(row["at"]))


def _triggered_by(row, links):
    fact = row["fact"]
    return cells.pair(fact.get_owner_type_display() or cells.NOTHING, fact.reference_id)


def _request(row, links):
    cause = row["cause"]
    return cells.ident(cause.request_id or cause.pk, url=links.request(cause.pk))


COLUMNS = (
    Column(
        name=TIME, label=_("When"), cell=_when, width="time", fixed=True, first_order=f"-{TIME}"
    ),
    Column(
        name="badge",
        label=_("Badge"),
        cell=lambda row, links: cells.badge(row["fact"].badge, links),
    ),
    Column(
        name=CUSTOMER,
        label=_("Customer"),
        cell=lambda row, links: cells.customer(row["fact"].customer_id, links),
        width="number",
        first_order=CUSTOMER,
    ),
    Column(
        name="status",
        label=_("Status"),
        cell=lambda row, links: cells.pill(row["pill"]),
        width="pill",
    ),
    Column(
        name="actor",
        label=_("Actor"),
        cell=lambda row, links: cells.actor(row["cause"]),
        hint=_("Who made the request, and through which channel."),
    ),
    Column(
        name="owner",
        label=_("Triggered by"),
        cell=_triggered_by,
        hint=_("The programme or module that caused this, and its reference."),
    ),
    Column(
        name="id",
        label=_("ID"),
        cell=lambda row, links: cells.ident(row["fact"].pk),
        width="id",
        shown=False,
        hint=_("The id of the issued badge or of the enrolment, as on its receipt."),
    ),
    Column(name="request", label=_("Request"), cell=_request, width="id"),
    Column(
        name="reason",
        label=_("Reason"),
        cell=lambda row, links: cells.reason(row["cause"]),
    ),
    Column(
        name="case_number",
        label=_("Case number"),
        cell=lambda row, links: cells.case_number(row["cause"]),
        width="id",
        shown=False,
        hint=_("The number of the ticket or complaint, as staff entered it."),
    ),
    Column(
        name="event_at",
        label=_("Event date"),
        hint=_("When the customer did what the badge is for."),
        cell=lambda row, links: time_element(row["fact"].event_at),
        width="time",
        shown=False,
    ),
    Column(
        name="expires_at",
        label=_("Valid until"),
        cell=lambda row, links: expiry_in_words(row["fact"].expires_at, row["fact"].never_expires),
        width="time",
        shown=False,
    ),
)


def fact_table(slug: str, label: "StrOrPromise", right: str) -> Table:
    """Return the table of one kind of the history."""
    return Table(
        name=slug,
        label=label,
        right=right,
        route="desk:history",
        arguments=(slug,),
        columns=COLUMNS,
        sort=Sort(TIME, descending=True),
    )
