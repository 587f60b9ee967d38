"""The jobs on disk: a folder a job is the truth, a SQLite index its cache."""
