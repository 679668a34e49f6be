"""The form to enrol a customer."""

from django.utils.translation import gettext_lazy as _

from badges.desk.parts.forms import ConfirmingForm


class EnrolForm(ConfirmingForm):
    """Enrol one customer for one badge; the URL of the page contains both."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["event_at"].help_text = _(
            "The enrolment begins then. Leave it empty to begin now."
        )
