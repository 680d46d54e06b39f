"""The `ac-gym` command."""
