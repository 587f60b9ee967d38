"""``job.memory``: what memory there is, what is used, and what keeps training within it."""
