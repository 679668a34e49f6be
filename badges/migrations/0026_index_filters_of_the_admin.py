from django.db import migrations, models

from badges.migration_operations import AddIndexNonBlocking

INDEXES = [
    ("badgemeta", "badge_by_earn_type", ["earn_type", "name"]),
    ("badgemeta", "badge_by_switch", ["active", "name"]),
    ("badgemeta", "badge_by_start", ["starts_at"]),
    ("badgemeta", "badge_by_end", ["expires_at", "starts_at"]),
    ("badgeowner", "badge_owner_by_type", ["owner_type", "-badge"]),
    ("claim", "claim_by_owner_type", ["owner_type", "-id"]),
    ("claim", "claim_by_switch", ["active", "-id"]),
    ("claim", "claim_by_badge", ["badge", "-id"]),
    ("integrator", "integrator_by_switch", ["active", "name"]),
]
# Tables of Django have no indexes of ours in their models.
USER_INDEXES = [
    ("user_by_staff", "is_staff"),
    ("user_by_superuser", "is_superuser"),
    ("user_by_activity", "is_active"),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("badges", "0025_index_counts_by_number"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        *(
            AddIndexNonBlocking(model, models.Index(fields=fields, name=name))
            for model, name, fields in INDEXES
        ),
        *(
            migrations.RunSQL(
                f"CREATE INDEX {name} ON auth_user ({column}, username)",
                f"DROP INDEX {name}",
            )
            for name, column in USER_INDEXES
        ),
    ]
