"""What ``init`` does: the files of a project, the wheel beside them, the folder."""
