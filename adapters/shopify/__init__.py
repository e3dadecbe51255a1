"""Shopify behind the plug."""
