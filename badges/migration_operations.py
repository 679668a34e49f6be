"""Migration operations that do not block writers of the table.

PostgreSQL builds and drops an index concurrently, outside of a transaction (`atomic = False` in the
migration). SQLite has one writer at a time anyway.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import AddIndex, RemoveIndex
from django.db.migrations.operations.base import Operation


def non_blocking(concurrently: type[Operation], blocking: type[Operation]) -> type[Operation]:
    """Return an operation that is `concurrently` on PostgreSQL, and `blocking` elsewhere."""

    class NonBlocking(concurrently):  # type: ignore[misc, valid-type]  # a variable
        def database_forwards(self, app_label, schema_editor, from_state, to_state):
            operation = _operation(schema_editor)
            operation.database_forwards(self, app_label, schema_editor, from_state, to_state)

        def database_backwards(self, app_label, schema_editor, from_state, to_state):
            operation = _operation(schema_editor)
            operation.database_backwards(self, app_label, schema_editor, from_state, to_state)

    def _operation(schema_editor) -> type[Operation]:
        return concurrently if schema_editor.connection.vendor == "postgresql" else blocking

    return NonBlocking


AddIndexNonBlocking = non_blocking(AddIndexConcurrently, AddIndex)
RemoveIndexNonBlocking = non_blocking(RemoveIndexConcurrently, RemoveIndex)
