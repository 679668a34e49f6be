"""Nothing moves for people who ask their system for reduced motion (F42)."""

import pytest

from tests.browser.actions import log_in
from tests.factories import UserFactory

MOVES = """() => [...document.querySelectorAll("*")].filter(each => {
    const style = getComputedStyle(each);
    const seconds = [style.transitionDuration, style.animationDuration].join().split(",");
    return seconds.some(each => parseFloat(each) > 0.01) || style.scrollBehavior === "smooth";
}).map(each => each.outerHTML.slice(0, 120))"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "moves"), [("/desk/issue/", False), ("/admin/auth/user/", True)])
def test_nothing_moves_if_the_system_asks_for_reduced_motion(open_page, path, moves):
    UserFactory(username="root", is_superuser=True)
    page = open_page()
    log_in(page, "root", path)

    page.emulate_media(reduced_motion="no-preference")
    assert bool(page.evaluate(MOVES)) == moves
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVES) == []
