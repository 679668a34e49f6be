"""The enumerations (CONTRACT.md, 1.3)."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class OwnerType(models.TextChoices):
    """A module of the platform that may own, claim and give badges; case-sensitive."""

    LOYALTY = "Loyalty", _("Loyalty")
    LOYALTY_PROMOTION = "Loyalty_Promotion", _("Loyalty promotion")
    REFERRAL_CAMPAIGNS = "Referral_Campaigns", _("Referral campaigns")
    JOURNEYS = "Journeys", _("Journeys")
    AUDIENCE_CAMPAIGNS = "Audience_Campaigns", _("Audience campaigns")
    REWARDS_CATALOG = "Rewards_Catalog", _("Rewards catalog")
    GOODWILL_MODULE = "Goodwill_Module", _("Goodwill module")
    MILESTONES = "Milestones", _("Milestones")
    HISTORICAL_IMPORT = "Historical_Import", _("Historical import")
    MEMBERCARE = "Membercare", _("MemberCare")

    @classmethod
    def claimable(cls) -> "list[tuple[str, StrOrPromise]]":
        """Return the types of the API; only the desk uses `Membercare` (CONTRACT.md, 5.8)."""
        return [choice for choice in cls.choices if choice[0] != cls.MEMBERCARE]


class EarnType(models.TextChoices):
    EARN = "EARN", _("Direct issue")
    ISSUE_EARN = "ISSUE_EARN", _("Enrol, then issue")


class Status(models.TextChoices):
    """The status of a badge by its dates alone; `active` is a separate switch."""

    UPCOMING = "UPCOMING", _("Upcoming")
    LIVE = "LIVE", _("Live")
    EXPIRED = "EXPIRED", _("Expired")


class FactStatus(models.TextChoices):
    """The status of an enrolment or of an earned badge."""

    UPCOMING = "UPCOMING", _("Upcoming")
    ACTIVE = "ACTIVE", _("Active")
    EXPIRED = "EXPIRED", _("Expired")
    REVOKED = "REVOKED", _("Revoked")


class ExpiryKind(models.TextChoices):
    NEVER = "NEVER", _("Never")
    RELATIVE = "RELATIVE", _("After a period")
    FIXED_DATE = "FIXED_DATE", _("On a fixed date")
    WITH_BADGE = "WITH_BADGE_META", _("Along with the badge")


class Unit(models.TextChoices):
    DAYS = "DAYS", _("days")
    WEEKS = "WEEKS", _("weeks")
    MONTHS = "MONTHS", _("calendar months")


class LimitLevel(models.TextChoices):
    CUSTOMER = "CUSTOMER", _("Each customer")
    BADGE = "BADGE", _("All customers, total")


class LimitKind(models.TextChoices):
    FIXED_VALUE = "FIXED_VALUE", _("Over the life of the badge")
    ROLLING_WINDOW = "ROLLING_WINDOW", _("Rolling window")
    FIXED_WINDOW = "FIXED_WINDOW", _("Fixed window")


class Weekday(models.IntegerChoices):
    """Weekdays, numbered as by `datetime.weekday()`."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class CycleStatus(models.TextChoices):
    """The status of a fixed window: changing a window ends it, and another one replaces it."""

    UPCOMING = "UPCOMING", _("Upcoming")
    ACTIVE = "ACTIVE", _("Active")
    EXPIRED = "EXPIRED", _("Expired")


class DataType(models.TextChoices):
    """The type of the values of a custom field; the API represents them as strings."""

    INTEGER = "INTEGER", _("Whole number")
    BOOLEAN = "BOOLEAN", _("Yes or no")
    DATE = "DATE", _("Date")
    STRING = "STRING", _("Text")


class ImageTag(models.TextChoices):
    UN_EARNED = "UN_EARNED", _("Not earned")
    IN_PROGRESS = "IN_PROGRESS", _("In progress")
    EARNED = "EARNED", _("Earned")


class Channel(models.TextChoices):
    """The channel through which a request arrived."""

    API = "API", _("API")
    MEMBERCARE = "MEMBERCARE", _("Staff desk")
    BULK = "BULK", _("Uploaded list")
    IMPORT = "IMPORT", _("Import")
    COMMAND = "COMMAND", _("Command line")


class Operation(models.TextChoices):
    """The operation of a request: a change, a sign-in, a sign-out, or a look-up."""

    EARN = "EARN", _("Issue a badge")
    EARN_BULK = "EARN_BULK", _("Issue a badge to many")
    ENROL_BULK = "ENROL_BULK", _("Enrol customers")
    CREATE_BADGE = "CREATE_BADGE", _("Create a badge")
    UPDATE_BADGE = "UPDATE_BADGE", _("Change a badge")
    REVOKE_EARN = "REVOKE_EARN", _("Revoke a badge")
    REVOKE_ENROLMENT = "REVOKE_ENROLMENT", _("Revoke enrolments")
    IMPORT_EARNED = "IMPORT_EARNED", _("Import issued badges")
    ACTIVATE_BADGE = "ACTIVATE_BADGE", _("Activate a badge")
    DEACTIVATE_BADGE = "DEACTIVATE_BADGE", _("Deactivate a badge")
    CREATE_GROUP = "CREATE_GROUP", _("Create a badge group")
    UPDATE_GROUP = "UPDATE_GROUP", _("Change a badge group")
    CREATE_CUSTOM_FIELD = "CREATE_CUSTOM_FIELD", _("Create a custom field")
    UPDATE_CUSTOM_FIELD = "UPDATE_CUSTOM_FIELD", _("Change a custom field")
    ADD_NOTE = "ADD_NOTE", _("Add a note on a customer")
    CREATE_REASON = "CREATE_REASON", _("Create a reason for issuing")
    UPDATE_REASON = "UPDATE_REASON", _("Change a reason for issuing")
    CLAIM = "CLAIM", _("Claim a badge")
    UNCLAIM = "UNCLAIM", _("Unclaim a badge")
    CREATE_INTEGRATOR = "CREATE_INTEGRATOR", _("Create an integrator")
    UPDATE_INTEGRATOR = "UPDATE_INTEGRATOR", _("Change an integrator")
    ROTATE_SECRET = "ROTATE_SECRET", _("Change a secret")
    KEEP_PICTURE = "KEEP_PICTURE", _("Upload a picture")
    CREATE_USER = "CREATE_USER", _("Create a user")
    UPDATE_USER = "UPDATE_USER", _("Change a user")
    SET_PASSWORD = "SET_PASSWORD", _("Set a password")
    ADD_SECOND_FACTOR = "ADD_SECOND_FACTOR", _("Set up a second factor")
    REMOVE_SECOND_FACTOR = "REMOVE_SECOND_FACTOR", _("Remove a second factor")
    RENEW_RECOVERY_CODES = "RENEW_RECOVERY_CODES", _("Make new recovery codes")
    CREATE_ACCESS_GROUP = "CREATE_ACCESS_GROUP", _("Create an access group")
    UPDATE_ACCESS_GROUP = "UPDATE_ACCESS_GROUP", _("Change an access group")
    DELETE_ACCESS_GROUP = "DELETE_ACCESS_GROUP", _("Delete an access group")
    SIGN_IN = "SIGN_IN", _("Sign in")
    SIGN_OUT = "SIGN_OUT", _("Sign out")
    ISSUE_TOKEN = "ISSUE_TOKEN", _("Issue a token")
    READ_RECEIPT = "READ_RECEIPT", _("Look up a receipt")
    VERIFY = "VERIFY", _("Verify the record")
    ARCHIVE = "ARCHIVE", _("Archive a month")
    ERASE_CUSTOMER = "ERASE_CUSTOMER", _("Erase a customer")
    SAVE_FILTER = "SAVE_FILTER", _("Save a filter")
    DELETE_FILTER = "DELETE_FILTER", _("Delete a filter")
    SAVE_PREFERENCES = "SAVE_PREFERENCES", _("Change preferences")
    EXPORT = "EXPORT", _("Export a ledger")
    FINISH_EXPORT = "FINISH_EXPORT", _("Finish an export")

    @classmethod
    def issuing(cls) -> list[Self]:
        """Return the operations whose requests write `EarnedBadge` rows."""
        return [cls.EARN, cls.EARN_BULK, cls.IMPORT_EARNED]

    @classmethod
    def changing(cls) -> list[Self]:
        """Return the operations that change the application's data.

        The others are sign-ins, sign-outs, tokens, look-ups, archives, exports, saved filters and
        preferences.
        """
        others = {cls.SIGN_IN, cls.SIGN_OUT, cls.ISSUE_TOKEN}
        others |= {cls.READ_RECEIPT, cls.VERIFY, cls.ARCHIVE, cls.SAVE_FILTER, cls.DELETE_FILTER}
        others |= {cls.SAVE_PREFERENCES, cls.EXPORT, cls.FINISH_EXPORT}
        return [each for each in cls if each not in others]


class RequestOutcome(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("Accepted")
    REFUSED = "REFUSED", _("Refused")


class ExportFormat(models.TextChoices):
    """The format of an export: spreadsheets, or JSON Lines with proofs for programs."""

    CSV = "CSV", "CSV"
    XLSX = "XLSX", "XLSX"
    JSONL = "JSONL", _("JSON Lines with proofs")


class ExportState(models.TextChoices):
    READY = "READY", _("Ready to be downloaded")
    RUNNING = "RUNNING", _("Being written")
    FINISHED = "FINISHED", _("Finished")
    FAILED = "FAILED", _("Failed")
