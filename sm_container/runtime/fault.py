"""The error that is the user's to put right: a bad submit directory, a missing program."""

from __future__ import annotations


class Fault(Exception):
    """Something in the image or the request is wrong; the text says what to change."""
