"""Integrators in the admin: the secret is shown once."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.db.models.signals import pre_save

from badges.models import Integrator, Operation, RequestLog
from tests.admin.conftest import page
from tests.conftest import shown
from tests.factories import IntegratorFactory


def groups(*names):
    return list(Group.objects.filter(name__in=names).values_list("pk", flat=True))


def create(browser, name="Journeys"):
    post = {"name": name, "access_groups": groups("Default")}
    return browser.post(page("integrator_add"), post, follow=True)


def test_the_secret_of_a_new_integrator_is_shown_once_and_valid(at_work, supervisor):
    answer = create(at_work)
    integrator, secret = Integrator.objects.get(), answer.context["secret"]
    assert check_password(secret, integrator.client_secret)
    assert answer.status_code == 200
    assert secret in answer.text
    assert integrator.client_id in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert [group.name for group in integrator.access_groups.all()] == ["Default"]
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.CREATE_INTEGRATOR, supervisor)


def test_the_secret_of_an_integrator_is_not_stored(at_work):
    answer = create(at_work)
    secret, integrator = answer.context["secret"], Integrator.objects.get()
    assert not any(secret in str(morsel) for morsel in answer.cookies.values())
    assert secret not in str(dict(at_work.session))
    assert secret not in RequestLog.objects.get().content
    for address in [page("integrator_change", integrator.pk), page("integrator_changelist")]:
        text = at_work.get(address).text
        assert secret not in text
        assert integrator.client_secret not in text


@pytest.mark.parametrize("name", ["Loyalty engine", ""])
def test_the_name_of_an_integrator_is_unique(at_work, integrator, name):
    answer = create(at_work, name)
    assert "name" in answer.context["adminform"].form.errors
    assert Integrator.objects.get() == integrator


def test_a_lost_race_for_the_name_of_an_integrator_shows_no_success_message(at_work):
    def take_the_name(sender, instance, **kwargs):
        if instance.outcome == "ACCEPTED":
            IntegratorFactory(name="Journeys")

    pre_save.connect(take_the_name, sender=RequestLog)
    answer = create(at_work)
    pre_save.disconnect(take_the_name, sender=RequestLog)
    assert "Another integrator has this name." in answer.text
    assert "secret" not in answer.context
    assert not Integrator.objects.exists()


def test_an_integrator_is_deactivated_and_its_access_groups_changed(at_work, integrator):
    hashed = Integrator.objects.get().client_secret
    post = {"name": "Engine", "access_groups": groups("MemberCare")}
    post |= shown(Integrator.objects.get())
    answer = at_work.post(page("integrator_change", integrator.pk), post, follow=True)
    assert "was changed successfully" in answer.text
    changed = Integrator.objects.get()
    assert (changed.name, changed.active, changed.client_secret) == ("Engine", False, hashed)
    assert changed.client_id == integrator.client_id
    assert [group.name for group in changed.access_groups.all()] == ["MemberCare"]
    assert RequestLog.objects.get().operation == Operation.UPDATE_INTEGRATOR


def test_an_integrator_is_made_with_limits_and_loses_them_again(at_work):
    limits = {
        "owner_types": ["Loyalty", "Journeys"],
        "ends_at_0": "2099-12-31",
        "ends_at_1": "12:00:00",
    }
    post = {"name": "Journeys", "access_groups": groups("Default")}
    at_work.post(page("integrator_add"), post | limits)
    made = Integrator.objects.get()
    assert made.owner_types == ["Loyalty", "Journeys"]
    assert made.ends_at == datetime(2099, 12, 31, 12, tzinfo=UTC)
    form = at_work.get(page("integrator_change", made.pk)).context["adminform"].form
    assert form["owner_types"].value() == ["Loyalty", "Journeys"]
    at_work.post(page("integrator_change", made.pk), post | shown(made))
    made.refresh_from_db()
    assert (made.owner_types, made.ends_at) == ([], None)


def test_an_unknown_owner_type_is_a_field_error(at_work, integrator):
    post = {"name": "Engine", "owner_types": ["Membercare"]} | shown(integrator)
    answer = at_work.post(page("integrator_change", integrator.pk), post)
    assert "owner_types" in answer.context["adminform"].form.errors
    integrator.refresh_from_db()
    assert integrator.name != "Engine"


def test_an_auditor_reads_and_cannot_change(as_role, integrator):
    browser = as_role("auditor")
    text = browser.get(page("integrator_change", integrator.pk)).text
    assert integrator.client_id in text
    assert "Default" in text
    assert Integrator.objects.get().client_secret not in text
