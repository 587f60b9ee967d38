"""File mode: channels as files in the tree before the container starts."""
