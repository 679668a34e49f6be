"""The page of the record: seals, verifications and the public key."""
