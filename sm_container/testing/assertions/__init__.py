"""Assertions about jobs, whose messages say what was seen and where to look."""
