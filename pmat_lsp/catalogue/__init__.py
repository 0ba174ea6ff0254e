"""The questions that can be asked of a dump, each declared once for the command line, the shell and the editors."""
