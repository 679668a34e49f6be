"""The check of the ids in the URLs of customers."""

from functools import wraps

from django.db.models import BigIntegerField
from django.http import Http404

from badges.models import is_id


def of_customer(view):
    """Raise Http404 for numbers that cannot be a customer, and for malformed badge ids."""

    @wraps(view)
    def page(request, customer_id, **more):
        if not 1 <= customer_id <= BigIntegerField.MAX_BIGINT:
            raise Http404
        if "badge_id" in more and not is_id(more["badge_id"]):
            raise Http404
        return view(request, customer_id, **more)

    return page
