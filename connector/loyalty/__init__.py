"""The promise: pure rules. No clock, no database, no network."""
