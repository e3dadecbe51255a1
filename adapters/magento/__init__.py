"""Magento behind the plug."""
