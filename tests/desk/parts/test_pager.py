"""The links to the pages around one page of a list."""

import pytest
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template.loader import render_to_string

from badges.desk.parts.pager import dated_pager, numbered_pager


def pager_of(number, **arguments):
    page = Paginator(range(45), 20).get_page(number)
    return numbered_pager(page, QueryDict("q=a+b&page=7"), **arguments)


def test_links_keep_the_filters_and_change_the_page():
    pager = pager_of(2)

    assert [link.url for link in pager.before + pager.after] == [
        "?q=a+b&page=1",
        "?q=a+b&page=3",
    ]
    assert pager.position == "Page 2 of 3"


@pytest.mark.parametrize(("number", "before", "after"), [(1, 0, 1), (3, 1, 0)])
def test_the_first_and_the_last_page_have_one_link(number, before, after):
    pager = pager_of(number)

    assert (len(pager.before), len(pager.after)) == (before, after)


def test_a_second_list_on_a_page_has_links_of_its_own():
    pager = pager_of(1, parameter="claims", fragment="desk-claims")

    assert pager.after[0].url == "?q=a+b&page=7&claims=2#desk-claims"


def test_a_list_by_date_has_a_link_for_each_url():
    pager = dated_pager(newest="/desk/", older="?from=1")

    assert [link.url for link in pager.before] == ["/desk/"]
    assert [(link.url, link.rel) for link in pager.after] == [("?from=1", "next")]


def test_a_list_with_one_page_has_no_links():
    assert render_to_string("desk/_pager.html", {"pager": dated_pager()}).strip() == ""
