"""The figures: what the house costs, each as a ratio to something plain within one run."""
