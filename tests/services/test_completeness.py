"""Every service is in a table: it writes one log row, or only reads, or is exempt with a reason.

A new service without an entry fails.
"""

import importlib
import inspect
import pkgutil

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges import services
from badges.errors import BadgeError
from badges.models import BadgeGroup, Channel, CustomField, DataType, RequestLog, RequestOutcome
from badges.models.erasing import ON_ERASURE, columns_to_classify, stored_models
from tests.factories import RequestLogFactory
from tests.services.calls import EXEMPT, READERS, WRITERS, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(api_origin, live_badge, enrolled_badge, settings, tmp_path, audit_files):
    settings.MEDIA_ROOT = tmp_path
    return Scene(
        origin=api_origin,
        badge=live_badge,
        enrolled=enrolled_badge,
        group=BadgeGroup.objects.create(name="Running", rank=1),
        field=CustomField.objects.create(name="Colour", data_type=DataType.STRING),
        used=RequestLogFactory(),
    )


def public_services():
    prefix = f"{services.__name__}."
    for module in pkgutil.walk_packages(services.__path__, prefix):
        found = importlib.import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            if function.__module__ == found.__name__ and not name.startswith("_"):
                yield f"{module.name.removeprefix(prefix)}.{name}"


def test_every_service_is_in_one_table():
    tables = [WRITERS, READERS, EXEMPT]
    named = [name for table in tables for name in table]
    assert sorted(named) == sorted(public_services())


def test_every_column_that_can_name_a_customer_is_stated():
    """The erasure of a customer covers only the columns listed in `badges/models/erasing.py`."""
    stated = {label: set(said) for label, said in ON_ERASURE.items()}
    wanted = {
        model._meta.label: columns_to_classify(model)
        for model in stored_models()
        if columns_to_classify(model)
    }
    assert stated == wanted


@pytest.mark.parametrize("name", WRITERS)
def test_a_writing_service_writes_one_row_with_its_actor(scene, name):
    operation, write, _refuse = WRITERS[name]
    write(scene)
    row = left().get()
    assert (row.operation, row.outcome) == (operation, RequestOutcome.ACCEPTED)
    assert row.integrator == scene.origin.integrator


@pytest.mark.parametrize("name", [name for name in WRITERS if WRITERS[name][2]])
def test_a_refusing_service_writes_only_one_row(scene, name):
    operation, _write, refuse = WRITERS[name]
    before = everything()
    with pytest.raises(BadgeError) as refusal:
        refuse(scene)
    row = left().get()
    assert (row.operation, row.outcome) == (operation, RequestOutcome.REFUSED)
    assert (row.integrator, row.code) == (scene.origin.integrator, refusal.value.code)
    assert everything() == before


@pytest.mark.parametrize("name", READERS)
def test_a_reading_service_writes_nothing(scene, name):
    with CaptureQueriesContext(connection) as asked:
        READERS[name](scene)
    assert written(asked) == []


def left():
    """Return the log rows of services, without those of the factories, which use COMMAND."""
    return RequestLog.objects.exclude(channel=Channel.COMMAND)


def everything():
    """Return every row of every table except the request log."""
    tables = [model for model in apps.get_models() if model is not RequestLog]
    return {model: sorted(map(str, model._base_manager.values())) for model in tables}


def written(asked):
    verbs = ("INSERT", "UPDATE", "DELETE", "WITH")
    return [query["sql"] for query in asked if query["sql"].startswith(verbs)]
