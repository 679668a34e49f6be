"""Details of a request that the code on its way adds for the log line and the metrics."""

DETAILS = "badges.details"  # the key in the environment of a request


def begin(environ: dict) -> None:
    """Collect the details of a request from now on."""
    environ[DETAILS] = {}


def add_details(environ: dict, **details) -> None:
    """Add details: the `route`, `actor`, `request_id`, `earn_path`, or the `code` of a refusal.

    Without the production server nothing collects them.
    """
    if DETAILS in environ:
        environ[DETAILS].update(details)
