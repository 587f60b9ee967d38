"""FastFile mode: channels as files that are read when they are read, through FUSE."""
