"""The retention figures: SQL for the sums, pure functions for the mathematics."""
