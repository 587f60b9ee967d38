"""Object stores by URI: ``s3://``, ``file://`` and plain paths; list, stat, stream, copy, write."""
