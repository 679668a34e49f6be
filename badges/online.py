"""Operations of migrations that let a table be written to meanwhile.

PostgreSQL builds and drops an index beside the writers when it is told to, outside of a transaction
(`atomic = False` in the migration). SQLite has one writer at a time anyway.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import AddIndex, RemoveIndex


def online(concurrently: type, usual: type) -> type:
    """Return the operation that is the one on PostgreSQL, and the other elsewhere."""

    class Online(concurrently):
        def database_forwards(self, app_label, schema_editor, from_state, to_state):
            way = _way(schema_editor)
            way.database_forwards(self, app_label, schema_editor, from_state, to_state)

        def database_backwards(self, app_label, schema_editor, from_state, to_state):
            way = _way(schema_editor)
            way.database_backwards(self, app_label, schema_editor, from_state, to_state)

    def _way(schema_editor) -> type:
        return concurrently if schema_editor.connection.vendor == "postgresql" else usual

    return Online


AddIndexOnline = online(AddIndexConcurrently, AddIndex)
RemoveIndexOnline = online(RemoveIndexConcurrently, RemoveIndex)
