"""The other Perl server, beside which ours runs in tests."""

from __future__ import annotations

import subprocess

import pytest

OTHER = ("perl", "-MPerl::LanguageServer", "-e", "Perl::LanguageServer::run")
"""The command line of Perl::LanguageServer."""


def _is_installed() -> bool:
    try:
        return subprocess.run([*OTHER[:2], "-e", "1"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_perl_languageserver = pytest.mark.skipif(
    not _is_installed(), reason="Perl::LanguageServer is not installed (apt install libperl-languageserver-perl)"
)
