"""The request log and the history of what it brought about, for auditors."""
