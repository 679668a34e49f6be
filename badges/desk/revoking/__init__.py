"""Pages to revoke issued badges."""
