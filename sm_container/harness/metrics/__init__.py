"""The metrics of jobs, found in their logs by the requests' definitions.

A pattern means what Python's ``re`` makes of it. RE2 only says which lines are worth a search, and
takes over a pattern on which ``re`` would spend seconds. All of it happens in a process beside the
harness: the log is captured whatever a pattern does.
"""
