"""The checkpoint folder of a host and its S3 URI: restored before a start, kept while it runs."""
