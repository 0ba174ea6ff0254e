"""pmat-lsp: Perl heap dumps read, leaks proved, and the answer put on the source lines."""

import os

# numpy's OpenBLAS starts a thread for each core, which spins for a while; nothing here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
