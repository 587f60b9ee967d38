"""A battery of checks that hold any image or program against the training contract."""
