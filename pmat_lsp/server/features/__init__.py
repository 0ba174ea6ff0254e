"""The features of the protocol, one a module; each has `register(ls)`."""
