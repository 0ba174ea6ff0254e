"""The language server: the only floor that knows pygls and the types of the protocol."""
