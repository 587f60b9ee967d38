"""Engines: what runs a host of a job. Processes of this machine, docker or podman containers."""
