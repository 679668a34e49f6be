"""The pages of the reasons for issuing."""

from django.utils.translation import gettext_lazy

from badges.desk.groups_and_fields.forms import ReasonForm
from badges.desk.groups_and_fields.pages import RankedPages
from badges.models import IssueReason, StatedReason
from badges.selectors import definitions
from badges.services.catalogue.reasons import create_reason, update_reason


class ReasonPages(RankedPages):
    """The pages of the reasons; a disabled reason can be enabled again."""

    name = "reason"
    model = IssueReason
    use = StatedReason
    form_class = ReasonForm
    list_title = gettext_lazy("Reasons for issuing")
    new_title = gettext_lazy("New reason")
    create_label = gettext_lazy("Create reason")
    uses_title = gettext_lazy("Requests with this reason")
    disable_title = gettext_lazy("Disable a reason")
    enable_title = gettext_lazy("Enable a reason")

    all_rows = staticmethod(definitions.reasons)
    find_row = staticmethod(definitions.reason)
    uses_of = staticmethod(definitions.requests_with_reason)
    create = staticmethod(create_reason)
    update = staticmethod(update_reason)

    def describe_use(self, use):
        return {"stated": use, "cause": use.request}
