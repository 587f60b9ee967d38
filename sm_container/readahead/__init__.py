"""Reading ahead: a window that grows, a bounded pool of buffers, over anything with ranges."""
