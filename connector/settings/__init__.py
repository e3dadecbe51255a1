"""The pages of the merchant."""
