"""What the merchant's pages read. Nothing here writes."""
