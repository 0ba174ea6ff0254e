"""The command line: the only floor that prints. One module a command, and the tuple of them in `main`."""

import os

# Before numpy is imported: the library that it multiplies matrices with would start threads, which spin for a while and
# have nothing to do here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
