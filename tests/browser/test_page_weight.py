"""The weight of a first visit, over the production server: kilobytes, requests, documents (F28)."""

from dataclasses import dataclass, field

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tests.browser.scene import furnish
from tests.server.processes import serving

KILOBYTE = 1_000
MAX_VISIT = 300 * KILOBYTE
MAX_DOCUMENT = 15 * KILOBYTE
MAX_REQUESTS = 15
CHART_SCRIPT = "/chart."
LOG_IN = "/admin/login/"
WITH_CHARTS = ["/desk/", "/desk/figures/"]
WITHOUT_CHARTS = [
    *("/desk/issue/", "/desk/find/", "/desk/customers/1001/", "/desk/badges/"),
    *("/desk/requests/", "/desk/history/", "/admin/auth/user/"),
]


@dataclass
class Visit:
    """The responses that a browser with an empty cache received for a page: URLs and bytes."""

    urls: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def listen(self, page):
        protocol = page.context.new_cdp_session(page)
        protocol.send("Network.enable")
        protocol.on("Network.responseReceived", self._begin)
        protocol.on("Network.loadingFinished", self._end)

    def _begin(self, event):
        url = event["response"]["url"]
        if not url.startswith("data:"):
            self.urls[event["requestId"]] = url
            self.types[event["requestId"]] = event["type"]

    def _end(self, event):
        self.sizes[event["requestId"]] = event["encodedDataLength"]

    @property
    def weight(self) -> int:
        return sum(self.sizes[each] for each in self.urls if each in self.sizes)

    @property
    def document(self) -> int:
        (one,) = [each for each, kind in self.types.items() if kind == "Document"]
        return self.sizes[one]

    @property
    def has_chart_script(self) -> bool:
        return any(CHART_SCRIPT in url for url in self.urls.values())


@pytest.fixture
def visit(chromium, tmp_path):
    """Return a function that visits a page of the server with a new browser profile."""
    with serving(tmp_path) as server:

        def visit_one(path, user=None):
            context = chromium.new_context(base_url=f"http://{server.address}")
            if user is not None:
                session = {"name": "sessionid", "value": _session_of(user)}
                context.add_cookies([session | {"url": f"http://{server.address}"}])
            page, visit = context.new_page(), Visit()
            visit.listen(page)
            assert page.goto(path).status == 200
            page.wait_for_load_state("networkidle")
            context.close()
            return visit

        yield visit_one


def _session_of(user):
    client = Client()
    client.force_login(user, "badges.admin.backend.PersonBackend")
    return client.cookies["sessionid"].value


@pytest.mark.django_db(transaction=True)
def test_a_first_visit_is_small(audit_files, visit):
    furnish()
    admin = get_user_model().objects.filter(is_superuser=True).first()
    found = {path: visit(path, admin) for path in [*WITH_CHARTS, *WITHOUT_CHARTS]}
    found[LOG_IN] = visit(LOG_IN)

    for path, each in found.items():
        print(f"{path:24} {each.weight:8} {len(each.urls):3} {each.document:6}")  # noqa: T201
        assert each.weight <= MAX_VISIT, path
        assert each.document <= MAX_DOCUMENT, path
        assert len(each.urls) <= MAX_REQUESTS, (path, each.urls)
    assert [path for path, each in found.items() if each.has_chart_script] == WITH_CHARTS
