"""The door: verify, keep, enqueue, answer."""
