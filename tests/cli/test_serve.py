"""`pmat-lsp serve` starts the server with what was asked for."""

from __future__ import annotations

import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.server import app


def test_serve_speaks_over_stdio(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(app, "serve_stdio", lambda: started.append("stdio"))
    assert main(["serve"]) == 0
    assert started == ["stdio"]


@pytest.mark.parametrize(("address", "expected"), [("localhost:7655", ("localhost", 7655)), ("[::1]:80", ("::1", 80))])
def test_serve_tcp_waits_at_the_address(
    address: str, expected: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, int]] = []
    monkeypatch.setattr(app, "serve_tcp", lambda host, port: started.append((host, port)))
    assert main(["serve", "--tcp", address]) == 0
    assert started == [expected]
