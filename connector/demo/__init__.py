"""The demonstration: sandbox shops, Comeback in them, and proof that both sides agree."""
