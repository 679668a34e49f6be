import django.db.models.deletion
from django.db import migrations, models

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
    ("ADD_NOTE", "Add a note on a customer"),
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


class Migration(migrations.Migration):
    dependencies = [
        ("badges", "0033_share_saved_filters"),
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
            name="CustomerNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("customer_id", models.BigIntegerField(verbose_name="customer")),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="text")),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note",
                        to="badges.requestlog",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "note on a customer",
                "verbose_name_plural": "notes on customers",
                "ordering": ["-pk"],
                "default_permissions": ("add", "view"),
                "indexes": [models.Index(fields=["customer_id", "-id"], name="note_by_customer")],
            },
        ),
    ]
