"""Which language an answer has: its reader's on pages for people, English everywhere else."""

from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from badgeadmin.csp import THEMED
from badges.errors import LANGUAGE_OF_RECORD


class ReaderLanguageMiddleware(LocaleMiddleware):
    """Let staff choose; what machines read does not vary with the languages they accept.

    Integrators compare, keep and replay answers, so these are in English whoever asks.
    """

    def process_request(self, request):
        if _is_page(request):
            super().process_request(request)
        else:
            translation.activate(LANGUAGE_OF_RECORD)

    def process_response(self, request, response):
        return super().process_response(request, response) if _is_page(request) else response


def _is_page(request) -> bool:
    return request.path_info.startswith(THEMED)
