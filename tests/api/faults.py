"""A fault of the database during a request."""


class Broken:
    """An execute wrapper that fails on the insert of a request."""

    def __init__(self, error: Exception):
        self.error = error

    def __call__(self, execute, sql, params, many, context):
        if "INSERT INTO badges_requestlog" in sql.replace('"', ""):
            raise self.error
        return execute(sql, params, many, context)
