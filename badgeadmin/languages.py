"""The language of a response: the user's choice on pages, English everywhere else."""

from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from badgeadmin.csp import THEMED
from badges.errors import LANGUAGE_OF_RECORD


class ReaderLanguageMiddleware(LocaleMiddleware):
    """Uses the language of the user on pages, and English for all other responses.

    Integrators compare, store and replay responses, so these are in English for every client.
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
