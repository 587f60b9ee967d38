"""The life of a job: staged, started, watched, stopped, saved, and found again after a crash."""
