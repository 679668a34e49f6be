"""Bodies sent in chunks, which Django would take for empty: it reads as far as CONTENT_LENGTH."""

from io import BytesIO


def with_chunked_bodies(application, most_bytes):
    """Return the WSGI application, given the length of every body that came without one.

    Of a body longer than `most_bytes` it sees one byte more than that, enough to refuse it.
    """

    def read_first(environ, start_response):
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(most_bytes + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return read_first
