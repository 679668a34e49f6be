"""The customers that a member of staff worked with last.

They are read from the person's own requests: the list is the same in every browser, there is no
second copy of the numbers to erase, and opening a page writes nothing.
"""

from django.utils.translation import gettext as _

from badges.desk.customers.links import customer_url
from badges.desk.search.hits import Group, Hit
from badges.models import RequestLog

MAX_RECENT = 5
# How many of the newest requests are read; those for lists and sign-ins name no single customer.
MAX_READ = 100


def recent_customers(user) -> list[int]:
    """Return the customers of the newest requests of a user, without repetitions, newest first."""
    newest = RequestLog.objects.filter(user=user).order_by("-pk")
    ids = newest.values_list("customer_id", flat=True)[:MAX_READ]
    return list(dict.fromkeys(filter(None, ids)))


def recent(user, *, beginning: str = "", without: int | None = None) -> Group:
    """Return the recent customers whose numbers begin with some digits."""
    customers = [each for each in recent_customers(user) if str(each).startswith(beginning)]
    hits = [
        Hit(title=_("Customer %(id)d") % {"id": each}, text="", url=customer_url(each))
        for each in customers
        if each != without
    ]
    return Group(title=_("Recent customers"), icon="history", hits=hits[:MAX_RECENT])
