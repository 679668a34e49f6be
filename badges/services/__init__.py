"""The service layer: only its functions write to the database, in their own transactions."""
