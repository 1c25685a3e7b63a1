"""Measurements against the field's own tools. Start with README.md."""
