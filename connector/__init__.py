"""The house: loyalty and retention, knowing no platform by name."""
