"""Formats of text, a record a line: csv, libsvm, JSON lines."""
