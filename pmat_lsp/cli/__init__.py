"""The command line: the only floor that prints. One module a command, and the tuple of them in `main`."""
