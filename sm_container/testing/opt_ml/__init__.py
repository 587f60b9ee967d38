"""A tree as a job has it at ``/opt/ml``, for tests that call an algorithm's own functions."""
