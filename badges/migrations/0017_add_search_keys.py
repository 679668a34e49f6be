from django.db import migrations, models, transaction

from badges.migration_operations import AddIndexNonBlocking
from badges.models.names import SearchKeyField, search_key

BATCH = 500
INDEXES = {
    "badgegroup": "badgegroup_by_search_key",
    "badgemeta": "badge_by_search_key",
    "customfield": "customfield_by_search_key",
    "integrator": "integrator_by_search_key",
}


def fill(apps, schema_editor):
    """Give every row the key of its name, in batches that hold nobody up.

    What an older version of the code inserts meanwhile has no key and is found by its name. A row
    that was renamed since it was read keeps the key that it has.
    """
    for name in INDEXES:
        rows = apps.get_model("badges", name).objects
        waiting, last = rows.filter(search_key="").order_by("pk").values_list("pk", "name"), None
        while batch := list((waiting.filter(pk__gt=last) if last else waiting)[:BATCH]):
            with transaction.atomic():
                for pk, text in batch:
                    rows.filter(pk=pk, name=text).update(search_key=search_key(text))
            last = batch[-1][0]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0016_sign_erasures"),
    ]

    operations = [
        *(
            migrations.AddField(name, "search_key", SearchKeyField(source="name"))
            for name in INDEXES
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(
            AddIndexNonBlocking(name, models.Index(fields=["search_key"], name=index))
            for name, index in INDEXES.items()
        ),
    ]
