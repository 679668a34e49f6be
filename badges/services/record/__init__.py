"""The record: seals, summaries, exports, verifications and erasures."""
