import django.db.models.deletion
from django.conf import settings
from django.db import DatabaseError, migrations, models, transaction

from badges.models.names import SearchKeyField

BATCH = 500
USER_NAMES = ("username", "first_name", "last_name", "email")
TABLES = ("badgemeta", "integrator", "userkey", "groupkey")


def fill(apps, schema_editor):
    """Give the keys to the users and the access groups that there are."""
    for model, owner, app, names in (
        ("UserKey", "user", "User", USER_NAMES),
        ("GroupKey", "group", "Group", ("name",)),
    ):
        keys = apps.get_model("badges", model).objects
        rows = apps.get_model("auth", app).objects.values_list("pk", *names)
        filled = []
        for pk, *texts in rows:
            row = keys.model(**{f"{owner}_id": pk})
            row.names = " ".join(texts)  # which the field makes its key of when it is saved
            filled.append(row)
        keys.bulk_create(filled, batch_size=BATCH, ignore_conflicts=True)


def add_trigrams(apps, schema_editor):
    """Index the parts of the search keys, on PostgreSQL, if it has the extension or may get it.

    The extension comes with PostgreSQL, and the owner of a database may create it. Without it the
    searches find the same, and read every key.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return
    for table in TABLES:
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {table}_by_trigrams ON badges_{table}"
            " USING gin (search_key gin_trgm_ops) WITH (fastupdate = off)"
        )


def remove_trigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_by_trigrams")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0021_add_setup_codes_of_second_factors"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UserKey",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="found_by",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("search_key", SearchKeyField(source="names")),
            ],
            options={
                "verbose_name": "search key of a user",
                "verbose_name_plural": "search keys of users",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="GroupKey",
            fields=[
                (
                    "group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="found_by",
                        serialize=False,
                        to="auth.group",
                    ),
                ),
                ("search_key", SearchKeyField(source="names")),
            ],
            options={
                "verbose_name": "search key of an access group",
                "verbose_name_plural": "search keys of access groups",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(add_trigrams, remove_trigrams),
    ]
