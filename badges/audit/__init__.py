"""Queries of auditors on the ledgers, and the proof that the ledgers are unaltered."""
