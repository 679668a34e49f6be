"""What auditors ask of the ledgers, and the proof that nobody altered them."""
