"""In the admin, claims are added and unclaimed, but not edited."""

import pytest

from badges.models import BadgeRevision, Claim, Operation, RequestLog
from tests.admin.conftest import page
from tests.factories import BadgeMetaFactory, ClaimFactory


def claim_post(badge, **changes):
    return {"badge": badge.pk, "owner_type": "Loyalty", "reference_id": "c-9"} | changes


def test_a_claim_is_made_by_the_service(at_work, supervisor):
    badge = BadgeMetaFactory()
    answer = at_work.post(page("claim_add"), claim_post(badge), follow=True)
    assert "was added successfully" in answer.text
    assert Claim.objects.get(reference_id="c-9").active
    assert BadgeRevision.objects.get().badge == badge
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.CLAIM, supervisor)


def test_a_revoked_claim_is_made_again(at_work):
    old = ClaimFactory(active=False, reference_id="c-9")
    at_work.post(page("claim_add"), claim_post(old.badge))
    assert Claim.objects.get().active


@pytest.mark.parametrize(
    ("badge", "changes", "field"),
    [
        ({}, {"owner_type": "Journeys"}, "owner_type"),
        ({}, {"owner_type": "Membercare"}, "owner_type"),
        ({}, {"reference_id": ""}, "reference_id"),
        ({"inactive": True}, {}, "__all__"),
        ({"claimed": True}, {"reference_id": "123694"}, "reference_id"),
    ],
)
def test_the_refusal_of_a_claim_is_a_field_error(at_work, badge, changes, field):
    badge = BadgeMetaFactory(**badge)
    before = Claim.objects.count()
    answer = at_work.post(page("claim_add"), claim_post(badge, **changes))
    assert field in answer.context["adminform"].form.errors
    assert Claim.objects.count() == before
    assert not BadgeRevision.objects.exists()


def test_a_claim_cannot_be_edited(at_work):
    claim = ClaimFactory()
    address = page("claim_change", claim.pk)
    assert at_work.post(address, claim_post(claim.badge)).status_code == 403
    assert Claim.objects.get().reference_id == claim.reference_id


def test_unclaiming_requires_a_confirmation(at_work):
    claim = ClaimFactory()
    address = page("claim_unclaim", claim.pk)
    assert address in at_work.get(page("claim_change", claim.pk)).text
    assert "no longer be able" in at_work.get(address).text
    assert Claim.objects.get().active
    answer = at_work.post(address, follow=True)
    assert "was removed" in answer.text
    assert not Claim.objects.get().active
    assert address not in answer.text
    assert RequestLog.objects.get().operation == Operation.UNCLAIM


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ["member_care", "auditor"])
def test_readers_cannot_unclaim(as_role, role, method):
    claim = ClaimFactory()
    browser = as_role(role)
    assert getattr(browser, method)(page("claim_unclaim", claim.pk)).status_code == 403
    assert page("claim_unclaim", claim.pk) not in browser.get(page("claim_change", claim.pk)).text
    assert Claim.objects.get().active


def test_unclaiming_twice_is_refused_with_a_message(at_work):
    claim = ClaimFactory(active=False)
    answer = at_work.post(page("claim_unclaim", claim.pk), follow=True)
    assert "There is no such active claim." in answer.text


@pytest.mark.parametrize("key", ["9", "nothing"])
def test_an_unknown_claim_cannot_be_unclaimed(at_work, key):
    assert at_work.post(page("claim_unclaim", key)).status_code == 404
