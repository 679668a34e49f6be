"""Pages for auditors: the request log, and the history of the rows that requests wrote."""
