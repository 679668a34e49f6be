"""The tour of README.md on the data of the demo. Its pictures are in tests/browser/pictures.

    BADGEADMIN_SCREENSHOTS=tests/browser/pictures pytest -n 0 -m browser tests/browser/test_tour.py

takes them again.
"""

import os
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from PIL import Image

from badges.management.demo import definitions, events, log_ins
from badges.models import BadgeMeta

pytestmark = pytest.mark.django_db(transaction=True)

PICTURES = os.environ.get("BADGEADMIN_SCREENSHOTS")
SIZE = {"width": 1360, "height": 850}
EARNS = 1_000
MAX_BYTES = 100_000
CUSTOMER = events.FIRST_CUSTOMER


@pytest.fixture
def demo(settings, monkeypatch, tmp_path):
    """Create the demo and return its log-ins. A small demo is enough when no pictures are taken."""
    settings.VAR_DIR = tmp_path
    if not PICTURES:
        monkeypatch.setattr(events, "EARNS", EARNS)
    call_command("demo", no_serve=True, stdout=StringIO())
    return log_ins.stored_log_ins()


@pytest.fixture
def picture(tmp_path):
    """Return a function that saves the visible part of a page as a small file."""
    directory = Path(PICTURES or tmp_path)

    def keep(page, name):
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / f"{name}.webp"
        Image.open(BytesIO(page.screenshot())).save(file, quality=80, method=6)
        assert file.stat().st_size < MAX_BYTES

    return keep


def log_in(page, demo, username, path):
    """Log in as a user of the demo, and open a page."""
    page.goto(f"/admin/login/?next={path}")
    page.locator("#id_username").fill(username)
    page.locator("#id_password").fill(demo.passwords[username])
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"**{path}")


def test_the_tour_of_the_staff_pages(open_page, demo, picture):
    page = open_page(**SIZE)
    log_in(page, demo, "supervisor", "/desk/")
    page.get_by_role("button", name="Do not show this again").click()
    page.wait_for_load_state("networkidle")
    picture(page, "home")

    page.goto(f"/desk/customers/{CUSTOMER}/?tab=issue")
    page.wait_for_load_state("networkidle")
    picture(page, "customer")

    badge = BadgeMeta.objects.get(name=definitions.EARLY_BIRD.name)
    page.goto(f"/desk/issue/?badge={badge.pk}")
    page.locator("#id_customer_id").fill(str(CUSTOMER))
    page.wait_for_selector("text=Can be issued")
    picture(page, "issue")


def test_the_tour_of_the_request_log(open_page, demo, picture):
    page = open_page(**SIZE)
    log_in(page, demo, "auditor", "/desk/requests/")
    page.wait_for_load_state("networkidle")
    picture(page, "requests")
