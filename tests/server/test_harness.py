"""The small editor of the tests, and what the server writes to its standard error."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pygls.exceptions import JsonRpcException

from tests.server.editor import demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio


async def test_a_test_that_fails_inside_an_editor_fails_at_once(tmp_path: Path) -> None:
    async def fails() -> None:
        async with editor(tmp_path, full_capabilities()):
            raise AssertionError("on purpose")

    with pytest.raises(AssertionError, match="on purpose"):
        await asyncio.wait_for(fails(), 10)


async def test_a_request_that_cannot_be_answered_leaves_a_line_in_the_log_and_no_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with editor(demo_workspace(tmp_path / "courier"), full_capabilities()) as shown:
        await shown.until_loaded()
        with pytest.raises(JsonRpcException, match="no question 'nonsense'"):
            await shown.request("pmat/run", {"name": "nonsense"})
        await shown.until(lambda: any("nonsense" in line for line in shown.log), "the error is not in the log")
    assert not any("Traceback" in line for line in shown.log)
    assert "Traceback" not in capfd.readouterr().err
