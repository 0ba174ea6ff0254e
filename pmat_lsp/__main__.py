"""`python -m pmat_lsp` is `pmat-lsp`."""

from __future__ import annotations

import sys

from pmat_lsp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
