"""The subcommands, one a module, each with its click command as ``command``."""
