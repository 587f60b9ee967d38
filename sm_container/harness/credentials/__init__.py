"""Credentials for a job's container: chosen by the person at the desk, served as on an instance."""
