"""CloudWatch: what training jobs have measured, and what their hosts used of their instances."""
