"""CloudWatch Logs: what the hosts of training jobs have written, and write."""
