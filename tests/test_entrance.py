"""Bodies come in whole, and requests a few at a time; whoever cannot is told so at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event

import pytest
from django.db import connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse

from badgeadmin.entrance import Entrance, NoPlaceError, Places
from badges.api.envelope import turned_away

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
EARN = "/api_gateway/v1/badges/customer/earn"


class Trickle:
    """A body of which each reading returns a byte, as from somebody who sends slowly."""

    def __init__(self, body):
        self.body = BytesIO(body)

    def read(self, size):
        return self.body.read(min(size, 1))


class Door:
    """An entrance with an application behind it, and what both of them answered."""

    def __init__(self, application, *, places=2, most_waiting=0, patience=30.0, seconds=30.0):
        self.places = Places(places, most_waiting=most_waiting, patience=patience)
        self.entrance = Entrance(
            application,
            places=self.places,
            turned_away=turned_away,
            most_bytes=10,
            seconds_to_send=seconds,
            free=frozenset({"/free"}),
        )

    def ask(self, path="/", source=None, **environ):
        """Return the status and the headers of the answer, and what it is made of."""
        return elsewhere(self._ask, path, source, environ)

    def _ask(self, path, source, environ):
        said = []
        environ |= {"PATH_INFO": path, "wsgi.input": source or BytesIO()}
        body = self.entrance(environ, lambda status, headers: said.append((status, dict(headers))))
        status, headers = said[0] if said else (None, {})
        return status, headers, body

    def is_free(self):
        """Whether every place can be taken, by one after the other."""
        taken = [self.places.take() for _place in range(2)]
        for place in taken:
            self.places.leave(place)
        return len(set(map(id, taken))) == 2


def elsewhere(act, *arguments):
    """Act in a thread of its own, as a server does: the database of this one is the test's."""
    with ThreadPoolExecutor() as pool:
        return pool.submit(act, *arguments).result()


def read_it(environ, start_response):
    """Answer what Django would read."""
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


@pytest.mark.parametrize(
    ("environ", "body", "read"),
    [
        (CHUNKED, b"", b""),
        (CHUNKED, b"0123456789", b"0123456789"),
        (CHUNKED, b"0123456789ABC", b"0123456789A"),
        ({"CONTENT_LENGTH": "3"}, b"012", b"012"),
        ({"CONTENT_LENGTH": "13"}, b"0123456789ABC", b"0123456789A"),
        ({"CONTENT_LENGTH": "3"}, b"0123", b"012"),
        ({}, b"0123", b""),
    ],
)
@pytest.mark.parametrize("source", [BytesIO, Trickle])
def test_a_body_comes_in_whole_or_a_byte_too_long(environ, body, read, source):
    _status, _headers, answer = Door(read_it).ask(source=source(body), **environ)

    assert answer == [read]


@pytest.mark.parametrize(
    ("body", "seconds"), [(b"01", 30.0), (b"0123456789", -1.0)], ids=["cut off", "slow"]
)
def test_a_body_that_does_not_arrive_is_not_worked_at(body, seconds):
    door = Door(pytest.fail, seconds=seconds)

    status, _headers, (answer,) = door.ask(EARN, Trickle(body), CONTENT_LENGTH="10")

    assert status == "408 Request Timeout"
    assert json.loads(answer)["errors"][0]["code"] == 408
    assert door.is_free()


@pytest.mark.parametrize(("path", "kind"), [(EARN, "application/json"), ("/desk/", "text/html")])
@pytest.mark.parametrize("patience", [30.0, 0.0], ids=["the line is full", "waited in vain"])
def test_without_a_place_the_answer_is_503_at_once(path, kind, patience):
    door = Door(pytest.fail, places=1, most_waiting=int(not patience), patience=patience)
    door.places.take()

    status, headers, (answer,) = door.ask(path)

    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "1")
    assert headers["Content-Type"].startswith(kind)
    assert headers["X-Frame-Options"] == "DENY"
    assert b"503" in answer if path == EARN else b"Back in a moment" in answer


def test_what_needs_no_place_is_answered_without_one():
    door = Door(lambda environ, start_response: [b"alive"], places=0)

    assert door.ask("/free")[2] == [b"alive"]


def test_who_waits_gets_the_place_that_is_left_and_the_longest_wait_is_first():
    places = Places(1, most_waiting=2, patience=30.0)
    place = places.take()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(places.take)
        while len(places._line) < 1:
            pass
        second = pool.submit(places.take)
        while len(places._line) < 2:
            pass
        with pytest.raises(NoPlaceError):
            places.take()
        places.leave(place)
        assert first.result() is place
        assert not second.done()
        places.leave(place)
        assert second.result() is place


@pytest.fixture
def two_places(db):
    """Places of which the first that is taken has its connection open, and that connection."""
    places = Places(2, most_waiting=0, patience=0.0)
    opened = places.take()
    opened.ensure_connection()
    places.leave(opened)
    yield places, opened
    opened.close()


def test_a_place_whose_connection_is_not_open_is_taken_last(two_places):
    places, opened = two_places
    assert places.take() is opened
    closed = places.take()
    places.leave(opened)
    places.leave(closed)

    assert places.take() is opened


@pytest.mark.parametrize(("seconds", "is_open"), [(30.0, True), (-1.0, False)])
def test_a_connection_that_nobody_needs_is_closed_and_its_place_stays(two_places, seconds, is_open):
    places, opened = two_places

    places.close_idle(seconds)

    assert (opened.connection is not None) == is_open
    assert opened in [places.take(), places.take()]
    with pytest.raises(NoPlaceError):
        places.take()


def test_no_more_are_at_work_than_there_are_places():
    go_on, begun = Event(), []

    def work(environ, start_response):
        begun.append(connections["default"])
        assert go_on.wait(30)
        return [b"done"]

    door = Door(work, places=2, most_waiting=2)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(door.ask) for _request in range(5)]
        turned_away = next(each for each in asked if _is_done(each, asked))
        assert turned_away.result()[0] == "503 Service Unavailable"
        assert len(begun) == len(set(map(id, begun))) == 2
        go_on.set()
        answers = [each.result()[2] for each in asked if each is not turned_away]

    assert answers == [[b"done"]] * 4
    assert door.is_free()


def _is_done(each, asked):
    """Whether a request is the one that was answered, once any of them was."""
    while not any(other.done() for other in asked):
        pass
    return each.done()


def failing(environ, start_response):
    raise ZeroDivisionError


def test_a_place_is_left_after_a_failure():
    door = Door(failing)
    with pytest.raises(ZeroDivisionError):
        door.ask()
    assert door.is_free()


@pytest.mark.parametrize(
    "answer",
    [
        lambda: HttpResponse(b"whole"),
        lambda: FileResponse(BytesIO(b"whole")),
    ],
    ids=["page", "file"],
)
def test_what_is_there_is_sent_at_once_and_keeps_no_place(answer):
    door = Door(lambda environ, start_response: answer())

    assert door.ask()[2] == [b"whole"]
    assert door.is_free()


@pytest.mark.parametrize("begun", [True, False])
def test_what_is_made_while_it_is_sent_keeps_its_place_until_it_is_closed(begun):
    door = Door(lambda environ, start_response: StreamingHttpResponse([b"a", b"b"]), places=1)

    def send():
        _status, _headers, body = door._ask("/", None, {})
        if begun:
            assert next(iter(body)) == b"a"
        with pytest.raises(NoPlaceError):
            door.places.take()
        body.close()

    elsewhere(send)

    assert door.places.take()
