"""What this machine has for running jobs, and what to do about what it has not."""
