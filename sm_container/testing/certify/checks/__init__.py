"""The checks, by what they look at. Each module has CHECKS, in the order in which they are made."""
