"""A complete request and its response, neither of which needs a task of the event loop."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from badgeadmin.server.responses import Answer


class CompleteRequest:
    """A request of uvicorn's protocol that has arrived completely.

    Its response is sent by `respond`, which writes to the socket once, or by ASGI messages. Until
    then this object replaces the task that a stopping server would wait for, or cancel.
    """

    __slots__ = ("_cycle", "_tasks", "body", "receive", "scope", "send")

    def __init__(self, cycle: RequestResponseCycle, tasks: set):
        self._cycle, self._tasks = cycle, tasks
        self.scope, self.receive, self.send = cycle.scope, cycle.receive, cycle.send
        self.body = bytes(cycle.body)

    def begin(self) -> None:
        """Let a stopping server wait for the response."""
        self._tasks.add(self)

    def respond(self, answer: Answer) -> None:
        """Send a complete response."""
        self._tasks.discard(self)
        cycle = self._cycle
        if cycle.disconnected:
            return
        lines = [b"%b: %b\r\n" % item for item in (*cycle.default_headers, *answer.headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        body = b"" if cycle.scope["method"] == "HEAD" else answer.body
        cycle.transport.write(b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", body]))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def end(self) -> None:
        """Finish a response that was sent by messages; close the connection if it is incomplete."""
        self._tasks.discard(self)
        if not self._cycle.response_complete:
            self._cycle.transport.close()

    def cancel(self, msg: str | None = None) -> None:
        """Abort the connection, as a cancelled task does."""
        self._cycle.transport.abort()
