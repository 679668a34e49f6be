from django.db import migrations, models, transaction

from badges.migration_operations import AddIndexNonBlocking, RemoveIndexNonBlocking
from badges.models.names import SearchKeyField, search_key

BATCH = 500


def fill(apps, schema_editor):
    """Compute the key of every claim, in batches that do not block writers.

    Claims that an older version of the code inserts meanwhile have no key, and are found by their
    exact reference.
    """
    rows = apps.get_model("badges", "claim").objects
    waiting = rows.filter(search_key="").order_by("pk").values_list("pk", "reference_id")
    last = 0
    while batch := list(waiting.filter(pk__gt=last)[:BATCH]):
        with transaction.atomic():
            for pk, text in batch:
                rows.filter(pk=pk).update(search_key=search_key(text))
        last = batch[-1][0]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0030_add_setup_links"),
    ]

    operations = [
        migrations.AddField("claim", "search_key", SearchKeyField(source="reference_id")),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexNonBlocking(
            "claim", models.Index(fields=["search_key"], name="claim_by_search_key")
        ),
        RemoveIndexNonBlocking("claim", "claim_by_reference"),
    ]
