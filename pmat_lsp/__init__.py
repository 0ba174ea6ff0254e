"""pmat-lsp: Perl heap dumps read, leaks proved, and the answer put on the source lines."""

__version__ = "0.1.0"
