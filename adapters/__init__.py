"""The platforms: one folder each, the same furniture in each."""
