"""What happens when: the house's roads, each in one file. Nothing here commits; the callers do."""
