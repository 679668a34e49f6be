"""The command that updates the counts by day."""

from io import StringIO

import pytest
from django.core.management import call_command

from badges.models import DailyCount
from tests.factories import RequestLogFactory

pytestmark = pytest.mark.django_db


def summarise(**options):
    stdout = StringIO()
    call_command("summarise", stdout=stdout, **options)
    return stdout.getvalue().strip()


def counted():
    return sum(row.requests for row in DailyCount.objects.of_badge())


def test_summarise_counts_all_new_rows():
    RequestLogFactory.create_batch(5)

    assert summarise() == "Requests counted: 5"
    assert counted() == 5
    assert summarise() == "Requests counted: 0"
    assert counted() == 5


def test_summarise_recounts_everything():
    RequestLogFactory.create_batch(5)
    summarise()
    DailyCount.objects.update(requests=99)

    assert summarise(rebuild=True) == "Requests counted: 5"
    assert counted() == 5
