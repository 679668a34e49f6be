import django.db.models.deletion
from django.db import migrations, models

import badges.models.ids
import badges.models.names

OPERATIONS = [
    ("EARN", "Issue a badge"),
    ("EARN_BULK", "Issue a badge to many"),
    ("ENROL_BULK", "Enrol customers"),
    ("CREATE_BADGE", "Create a badge"),
    ("UPDATE_BADGE", "Change a badge"),
    ("REVOKE_EARN", "Revoke a badge"),
    ("REVOKE_ENROLMENT", "Revoke enrolments"),
    ("IMPORT_EARNED", "Import issued badges"),
    ("ACTIVATE_BADGE", "Activate a badge"),
    ("DEACTIVATE_BADGE", "Deactivate a badge"),
    ("CREATE_GROUP", "Create a badge group"),
    ("UPDATE_GROUP", "Change a badge group"),
    ("CREATE_CUSTOM_FIELD", "Create a custom field"),
    ("UPDATE_CUSTOM_FIELD", "Change a custom field"),
    ("CREATE_REASON", "Create a reason for issuing"),
    ("UPDATE_REASON", "Change a reason for issuing"),
    ("CLAIM", "Claim a badge"),
    ("UNCLAIM", "Unclaim a badge"),
    ("CREATE_INTEGRATOR", "Create an integrator"),
    ("UPDATE_INTEGRATOR", "Change an integrator"),
    ("ROTATE_SECRET", "Change a secret"),
    ("KEEP_PICTURE", "Upload a picture"),
    ("CREATE_USER", "Create a user"),
    ("UPDATE_USER", "Change a user"),
    ("SET_PASSWORD", "Set a password"),
    ("ADD_SECOND_FACTOR", "Set up a second factor"),
    ("REMOVE_SECOND_FACTOR", "Remove a second factor"),
    ("RENEW_RECOVERY_CODES", "Make new recovery codes"),
    ("CREATE_ACCESS_GROUP", "Create an access group"),
    ("UPDATE_ACCESS_GROUP", "Change an access group"),
    ("DELETE_ACCESS_GROUP", "Delete an access group"),
    ("SIGN_IN", "Sign in"),
    ("SIGN_OUT", "Sign out"),
    ("ISSUE_TOKEN", "Issue a token"),
    ("READ_RECEIPT", "Look up a receipt"),
    ("VERIFY", "Verify the record"),
    ("ARCHIVE", "Archive a month"),
    ("ERASE_CUSTOMER", "Erase a customer"),
    ("SAVE_FILTER", "Save a filter"),
    ("DELETE_FILTER", "Delete a filter"),
    ("SAVE_PREFERENCES", "Change preferences"),
    ("EXPORT", "Export a ledger"),
    ("FINISH_EXPORT", "Finish an export"),
]
FIRST_REASONS = ["Purchase not tracked", "Goodwill", "Technical fault", "Other"]


def add_first_reasons(apps, schema_editor):
    reasons = apps.get_model("badges", "IssueReason").objects.using(schema_editor.connection.alias)
    for rank, name in enumerate(FIRST_REASONS, start=1):
        reasons.create(name=name, rank=10 * rank)


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0031_find_claims_in_any_spelling"),
    ]

    operations = [
        migrations.AlterField(
            model_name="dailycount",
            name="operation",
            field=models.CharField(choices=OPERATIONS, max_length=20, verbose_name="operation"),
        ),
        migrations.AlterField(
            model_name="requestlog",
            name="operation",
            field=models.CharField(choices=OPERATIONS, max_length=20, verbose_name="operation"),
        ),
        migrations.CreateModel(
            name="IssueReason",
            fields=[
                (
                    "search_key",
                    badges.models.names.SearchKeyField(
                        db_default="", editable=False, max_length=600, source="name"
                    ),
                ),
                (
                    "id",
                    badges.models.ids.HexIdField(
                        default=badges.models.ids.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "created_by",
                    models.BigIntegerField(editable=False, null=True, verbose_name="created by"),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="last changed")),
                (
                    "updated_by",
                    models.BigIntegerField(
                        editable=False, null=True, verbose_name="last changed by"
                    ),
                ),
                ("rank", models.IntegerField(verbose_name="rank")),
            ],
            options={
                "verbose_name": "reason for issuing",
                "verbose_name_plural": "reasons for issuing",
                "ordering": ["rank", "name"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["search_key"], name="issuereason_by_search_key"),
                    models.Index(fields=["rank", "name", "id"], name="issuereason_by_rank"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("active", True)),
                        fields=("name",),
                        name="issuereason_active_name_is_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReasonCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("issued", models.PositiveIntegerField(default=0, verbose_name="issued")),
                (
                    "reason",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counts",
                        to="badges.issuereason",
                        verbose_name="reason",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of a reason",
                "verbose_name_plural": "counts of reasons",
                "ordering": ["-day"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "reason"), name="reason_is_counted_once_a_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StatedReason",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "customer_id",
                    models.BigIntegerField(blank=True, null=True, verbose_name="customer"),
                ),
                (
                    "words",
                    models.CharField(blank=True, max_length=255, verbose_name="reason in words"),
                ),
                (
                    "case_number",
                    models.CharField(blank=True, max_length=50, verbose_name="case number"),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="badges.issuereason",
                        verbose_name="reason",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stated",
                        to="badges.requestlog",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "stated reason",
                "verbose_name_plural": "stated reasons",
                "ordering": ["-request"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("reason__isnull", False)),
                        fields=["reason", "-request"],
                        name="stated_reason_by_reason",
                    ),
                    models.Index(
                        condition=models.Q(("case_number", ""), _negated=True),
                        fields=["case_number", "-request"],
                        name="stated_reason_by_case",
                    ),
                    models.Index(
                        condition=models.Q(("customer_id__isnull", False)),
                        fields=["customer_id"],
                        name="stated_reason_by_customer",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_first_reasons, migrations.RunPython.noop),
    ]
