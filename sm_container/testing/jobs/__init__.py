"""Training jobs for tests: what to run, with which data and faults, and what came of it."""
