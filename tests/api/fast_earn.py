"""The fast path of the API in front of Django, without a server process."""

import json

from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from badges.api.fast_earn import FastEarnMiddleware
from tests.api.conftest import EARN
from tests.connections import connections_kept

BY_DJANGO, BY_FAST_PATH = "by Django", "by the fast path"


class Answer:
    """A response, and whether Django or the fast path made it."""

    def __init__(self, status, headers, body, answered_by):
        self.status_code = int(status.split()[0])
        self.headers, self.body, self.answered_by = dict(headers), body, answered_by

    def json(self):
        return json.loads(self.body)

    @property
    def codes(self):
        return [error["code"] for error in self.json()["errors"]]


class Server:
    """`FastEarnMiddleware` in front of Django, and a count of the requests that reached Django.

    With `in_batches`, each request is first passed to the middleware as a batch, as the server
    does.
    """

    def __init__(self, *, in_batches):
        self.in_batches = in_batches
        self.django, self.reached = WSGIHandler(), 0
        self.middleware = FastEarnMiddleware(self._behind)

    def _behind(self, environ, start_response):
        self.reached += 1
        return self.django(environ, start_response)

    def earn(self, *args, **kwargs):
        (answer,) = self.earn_all([self.request(*args, **kwargs)])
        return answer

    @staticmethod
    def request(body, path=EARN, content_type="application/json", **headers):
        """Return the WSGI environment of a request."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Host": "testserver"} | headers
        request = RequestFactory().generic(
            "POST", path, content, content_type=content_type, headers=headers
        )
        return request.environ

    def earn_all(self, environs):
        with connections_kept():
            bodies = [None] * len(environs)
            if self.in_batches and all(map(self.middleware.may_answer, environs)):
                bodies = self.middleware.answers(environs)
            return [
                self._accepted(body) if body else self._call(environ)
                for body, environ in zip(bodies, environs, strict=True)
            ]

    def _accepted(self, body):
        headers = [*self.middleware.headers, ("Content-Length", str(len(body)))]
        return Answer("200 OK", headers, body, BY_FAST_PATH)

    def _call(self, environ):
        before, started = self.reached, []
        chunks = self.middleware(environ, lambda *start: started.append(start[:2]))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        return Answer(*started[0], content, BY_FAST_PATH if self.reached == before else BY_DJANGO)
