"""`pmat-lsp shell`: the command, what can be typed, and how it is typed."""
