"""The language server: the only floor that knows pygls and the types of the protocol."""

# Before anything else imports those types.
from pmat_lsp.server import late_types  # noqa: F401
