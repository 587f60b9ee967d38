"""The logs of a job's hosts: captured without loss, followed while they grow."""
