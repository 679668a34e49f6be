from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0032_add_reasons_for_issuing"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="savedfilter",
            options={
                "ordering": ["name"],
                "permissions": [("remove_shared_filter", "Can remove views of others")],
                "verbose_name": "saved filter",
                "verbose_name_plural": "saved filters",
            },
        ),
        migrations.AddField(
            model_name="savedfilter",
            name="shared",
            field=models.BooleanField(db_default=False, default=False, verbose_name="shared"),
        ),
        AddIndexNonBlocking(
            model_name="savedfilter",
            index=models.Index(
                condition=models.Q(("shared", True)),
                fields=["ledger", "name"],
                name="shared_filter_by_page",
            ),
        ),
    ]
