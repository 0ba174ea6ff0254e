"""The reference pages say what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmat_lsp.analysis.patterns import PATTERNS
from pmat_lsp.server.settings import ServerSettings, read_settings
from tests.dumps import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "editors").glob("*/README.md")])


def first_column(page: str) -> list[str]:
    """The code in the first cells of a page's tables."""
    return re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)


def test_every_pattern_is_described_in_the_order_in_which_they_are_tried() -> None:
    assert first_column("patterns.md") == [rule.code for rule in PATTERNS]


def test_every_setting_that_is_described_is_understood() -> None:
    settings = [
        name for name in first_column("settings.md") if not name.startswith(("pmat.load", "pmat.reload", "pmat.un"))
    ]
    values: dict[str, object] = {
        "pmat.dump": "x.pmat",
        "pmat.dumps": ["logs/*.pmat"],
        "pmat.sourceRoots": ["lib"],
        "pmat.pathMap": [{"from": "/a", "to": "/b"}],
        "pmat.memoryLimit": 7,
        "pmat.diagnostics.severity": "hint",
        "pmat.diagnostics.selfHeldSeverity": "warning",
        "pmat.verifyCommand": "prove -l t",
        "pmat.codeLens.enable": True,
        "pmat.inlayHints.enable": True,
        "pmat.definition.enable": False,
        "pmat.references.enable": False,
        "pmat.redact": True,
    }
    assert settings == list(values)
    for name, value in values.items():
        read, problems = read_settings({name.removeprefix("pmat."): value}, ServerSettings())
        assert problems == []
        assert read != ServerSettings(), name


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_architecture_names_every_folder() -> None:
    named = set(re.findall(r"^\| `(\w+)/`", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE))
    folders = {path.name for path in (ROOT / "pmat_lsp").iterdir() if (path / "__init__.py").exists()}
    assert named == folders
