"""Comments by which a person says that a finding is known: `# pmat: ignore REASON`, `# pmat: ignore[code] REASON`."""

from __future__ import annotations

import re

from pmat_lsp.source.edits import Edit, apply_edits, indentation, insert_before
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import everything

_COMMENT = re.compile(r"#\s*pmat:\s*ignore(?:\[(?P<code>[\w-]+)\])?\s+(?P<reason>\S.*)")
_WORD = "pmat:"
REASON_TO_COME = "say why"
"""Stands in a comment that was just made, for a person to replace."""


def ignore_reason(source: PerlSource, line: int, code: str) -> str | None:
    """Why a finding with the pattern `code`, marked on the 1-based `line`, is to be ignored; None: it is not.

    The comment stands on that line, or in the lines right above it that have nothing but comments. It counts only with
    a reason.
    """
    if _WORD not in source.text:
        return None
    comments = {
        source.range(node).start.line: source.string(node) for node in everything(source.root) if node.type == "comment"
    }
    above = line - 1
    while above in comments and source.line(above).lstrip().startswith("#"):
        above -= 1
    for number in range(line, above, -1):
        found = _COMMENT.search(comments.get(number, ""))
        if found and found["code"] in (None, code):
            return found["reason"].strip()
    return None


def ignore_edit(source: PerlSource, line: int, code: str) -> Edit | None:
    """Write the comment behind a line, or above it where it would be no comment there; None where neither does."""
    if not source.is_parsed:
        return None
    comment = f"# pmat: ignore[{code}] {REASON_TO_COME}"
    text = source.line(line)
    end = Point(line, len(text.rstrip()))
    behind = Edit(Range(end, end), f" {comment}")
    above = insert_before(source, Point(line, len(indentation(text))), comment)
    for edit, moved in ((behind, 0), (above, 1)):
        if ignore_reason(PerlSource(apply_edits(source.text, [edit])), line + moved, code):
            return edit
    return None
