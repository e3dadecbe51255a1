"""The promise: pure functions from what is known of a member to what is missing."""
