"""The feeder: the program that serves a host its Pipe and FastFile channels."""
