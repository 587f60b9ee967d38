"""What ``sm-container recordio`` does: files of records shown, described and converted."""
