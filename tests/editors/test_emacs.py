"""Emacs, with the configuration that docs/editors/emacs.md tells: Eglot, lsp-mode, and pmat.el alone."""

from __future__ import annotations

import json
import lzma
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dumps import ROOT
from tests.editors.page import blocks, environment, project, run_editor
from tests.server.editor import DEMO

EMACS = shutil.which("emacs")
PACKAGE = ROOT / "editors" / "emacs"
EGLOT, PMAT, PMAT_MODE, LSP_MODE = blocks("emacs.md", "elisp")
SOURCE = "lib/Courier/HTTP.pm"

pytestmark = pytest.mark.skipif(EMACS is None, reason="Emacs is not here (apt install emacs-nox)")

TELL = """
;; The Perl mode's own check writes to a perl that may have ended already, and would end a batch with it.
(setq perl-flymake-command '("cat"))
(defun tell (key value) (princ (format "\\n%s\\n" (json-encode (list (cons key value))))))
(defun until (what) (let ((end (+ (float-time) 40))) (while (and (not (funcall what)) (< (float-time) end))
  (accept-process-output nil 0.05))))
(defun marks () (vconcat (mapcar (lambda (mark) (list
  (cons 'line (line-number-at-pos (overlay-start mark)))
  (cons 'marked (buffer-substring-no-properties (overlay-start mark) (overlay-end mark)))
  (cons 'text (flymake-diagnostic-text (overlay-get mark 'flymake-diagnostic)))))
  (seq-filter (lambda (mark) (and (overlay-get mark 'flymake-diagnostic)
    (string-match-p "pmat" (flymake-diagnostic-text (overlay-get mark 'flymake-diagnostic)))))
    (overlays-in (point-min) (point-max))))))
(defun tell-text (key) (tell key (buffer-substring-no-properties (point-min) (point-max))))
(defun until-marked () (flymake-start) (until (lambda () (> (length (marks)) 0))) (tell 'marks (marks)))
(defun tell-error (do) (condition-case error (progn (funcall do) (tell 'error nil))
  (error (tell 'error (error-message-string error)))))
"""


def has(library: str) -> bool:
    """Whether Emacs has a library."""
    locate = f'(princ (if (locate-library "{library}") "yes" "no"))'
    return EMACS is not None and "yes" in run_editor([EMACS, "-q", "--batch", "--eval", locate], ROOT, {**_ENVIRONMENT})


_ENVIRONMENT = {"HOME": "/nonexistent", "PATH": "/usr/local/bin:/usr/bin:/bin"}
needs_eglot = pytest.mark.skipif(not has("eglot"), reason="Eglot is not here (apt install elpa-eglot)")
needs_lsp_mode = pytest.mark.skipif(not has("lsp-mode"), reason="lsp-mode is not here (apt install elpa-lsp-mode)")


class Emacs:
    """An Emacs without a screen, in the demo."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.folder = project(folder / "courier")
        self.output = ""

    def run(self, init: str, script: str, *, server: bool = True) -> dict[str, Any]:
        """Load an init file, then a script; what the script told."""
        env = environment(self.home, server=server)
        (self.home / "init.el").write_text(init, encoding="utf-8")
        (self.home / "script.el").write_text(TELL + script, encoding="utf-8")
        loaded = ["-l", str(self.home / "init.el"), "-l", str(self.home / "script.el")]
        self.output = run_editor(
            [str(EMACS), "-q", "--batch", "-f", "package-activate-all", "-L", str(PACKAGE), *loaded], self.folder, env
        )
        told: dict[str, Any] = {}
        for line in self.output.splitlines():
            if line.startswith('{"'):
                told |= json.loads(line)
        return told


@pytest.fixture
def emacs(tmp_path: Path) -> Emacs:
    """In the demo, with a home of its own."""
    return Emacs(tmp_path)


VISIT = f'(find-file "{SOURCE}")\n'
EGLOT_VISIT = f"{VISIT}(run-hooks 'post-command-hook) (until #'eglot-current-server)\n"
CHAIN = """
(goto-char (point-min)) (forward-line 78)
(pmat-chain)
(with-current-buffer "*xref*"
  (tell-text 'chain)
  (goto-char (point-min)))
(tell 'walked (vconcat (mapcar (lambda (_) (save-current-buffer (set-buffer "*xref*") (xref-next-line)
  (with-current-buffer (window-buffer (next-window (get-buffer-window "*xref*")))
    (format "%s:%d:%d" (file-name-nondirectory buffer-file-name)
      (line-number-at-pos (window-point (get-buffer-window)))
      (- (window-point (get-buffer-window)) (line-beginning-position))))))
  '(1 2 3))))
"""


def assert_leak_is_marked(told: dict[str, Any]) -> None:
    """The marks are those of the demo's leak."""
    marks = {(mark["line"], mark["marked"]): mark["text"] for mark in told["marks"]}
    assert "$conns->[0]" in marks[79, "sub"]
    assert "container-capture" in marks[79, "sub"]
    assert "$conns captured here" in marks[82, "$conns"]


def assert_chain_is_told(told: dict[str, Any]) -> None:
    """The xref buffer has the steps of the demo's leak in their order, over two files."""
    lines = told["chain"].splitlines()
    assert [line.split()[0] for line in lines[::2]] == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[0].startswith("1/4 Courier::Connection ->{on_closed} → the closure at lib/Courier/Connection.pm")
    assert lines[1] == "42: stored as {on_closed} here  (lib/Courier/Connection.pm)"
    assert lines[3] == "46: $on_closed captured here  (lib/Courier/Connection.pm)"
    assert lines[5] == "82: $conns captured here  (lib/Courier/HTTP.pm)"


@needs_eglot
def test_eglot_shows_the_leak_and_the_hover(emacs: Emacs) -> None:
    script = """
      (until-marked)
      (goto-char (point-min)) (search-forward "on_closed => su")
      (tell 'hover (plist-get (plist-get (jsonrpc-request (eglot-current-server) :textDocument/hover
        (eglot--TextDocumentPositionParams)) :contents) :value))
    """
    told = emacs.run(EGLOT, EGLOT_VISIT + script)
    assert_leak_is_marked(told)
    assert "59 live" in told["hover"]
    assert "18.2 KiB retained each" in told["hover"].replace("*", "")


@needs_eglot
def test_the_chain_is_walked_in_an_xref_buffer_with_the_server_of_eglot(emacs: Emacs) -> None:
    script = "(until-marked) (tell 'same (eq (pmat--connect) (eglot-current-server)))" + CHAIN
    told = emacs.run(EGLOT + PMAT, EGLOT_VISIT + script)
    assert told["same"] is True
    assert_chain_is_told(told)


def test_the_chain_is_walked_without_eglot(emacs: Emacs) -> None:
    told = emacs.run(PMAT, VISIT + CHAIN)
    assert_chain_is_told(told)
    assert told["walked"] == ["Connection.pm:42:8", "Connection.pm:46:12", "HTTP.pm:82:13"]


def test_pmat_mode_marks_the_leak_beside_another_server(emacs: Emacs) -> None:
    told = emacs.run(PMAT_MODE, VISIT + "(until-marked)")
    assert_leak_is_marked(told)


def test_marks_stay_while_the_buffer_is_modified(emacs: Emacs) -> None:
    edit = """
      (until-marked) (tell 'before (length (marks)))
      (goto-char (point-min)) (insert "# one more line\\n") (flymake-start) (accept-process-output nil 0.3)
      (tell 'marks (marks))
    """
    told = emacs.run(PMAT_MODE, VISIT + edit)
    assert (80, "sub") in [(mark["line"], mark["marked"]) for mark in told["marks"]]
    assert len(told["marks"]) == told["before"]


def test_the_table_of_leaks_leads_to_the_chain_and_to_an_sv(emacs: Emacs) -> None:
    script = """
      (pmat-leaks)
      (set-buffer "*pmat leaks*") (goto-char (point-min))
      (tell-text 'table)
      (save-current-buffer (pmat-leaks-chain) (set-buffer "*xref*") (tell 'chain (buffer-string)))
      (set-buffer "*pmat leaks*") (pmat-leaks-show)
      (tell-text 'shown)
      (tell 'button (button-label (next-button (point-min))))
    """
    told = emacs.run(PMAT, VISIT + script)
    assert "59 Courier::Connection objects can never be freed" in told["table"]
    assert "lib/Courier/HTTP.pm:79" in told["table"]
    assert told["chain"].startswith("1/4 Courier::Connection")
    assert "Courier::Connection" in told["shown"]
    assert told["button"] in told["shown"]
    assert told["button"].startswith("0x")


def test_questions_are_answered_as_on_the_command_line(emacs: Emacs) -> None:
    script = """
      (pmat-identify "defstash") (set-buffer "*pmat identify defstash*") (tell-text 'identified)
      (pmat-run "find" '("blessed" "Courier::HTTP"))
      (set-buffer "*pmat find blessed Courier::HTTP*") (tell-text 'found)
    """
    told = emacs.run(PMAT, VISIT + script)
    assert "=defstash is:\n└─the symbol '%main::'" in told["identified"]
    assert "Courier::HTTP" in told["found"]


def test_another_dump_is_loaded(emacs: Emacs) -> None:
    (emacs.folder / "older").mkdir()
    packed = shutil.copy(DEMO / "courier.pmat.xz", emacs.folder / "older" / "yesterday.pmat.xz")
    script = f'(pmat-load "{packed}") (tell \'dump (plist-get (plist-get (pmat--leaks (pmat--connect)) :dump) :name))'
    assert emacs.run(PMAT, VISIT + script)["dump"] == "yesterday.pmat.xz"


def test_a_damaged_dump_is_told_in_one_message_and_the_open_one_stays(emacs: Emacs) -> None:
    whole = lzma.decompress((DEMO / "courier.pmat.xz").read_bytes())
    damaged = emacs.folder.parent / "damaged.pmat"
    damaged.write_bytes(whole[: len(whole) // 2])
    script = f"""
      (pmat-leaks)
      (tell-error (lambda () (pmat-load "{damaged}"))) (accept-process-output nil 0.5)
      (pmat-leaks) (set-buffer "*pmat leaks*") (tell-text 'table)
    """
    told = emacs.run(PMAT, VISIT + script)
    assert emacs.output.count("truncated") >= 1, emacs.output
    assert "Debugger" not in emacs.output
    assert "Traceback" not in emacs.output
    assert "59 Courier::Connection" in told["table"]


def test_a_missing_server_is_told_in_one_message(emacs: Emacs) -> None:
    told = emacs.run(PMAT, VISIT + "(tell-error #'pmat-leaks)", server=False)
    assert told["error"] == "pmat-lsp is not installed: install pmat-lsp, or set pmat-server-command"


def test_a_folder_without_a_dump_is_told_with_what_to_do(emacs: Emacs) -> None:
    (emacs.folder / "courier.pmat").unlink()
    told = emacs.run(PMAT, VISIT + "(tell-error #'pmat-leaks)")
    assert told["error"].startswith("pmat: no heap dump is open")


def test_a_file_opens_though_the_server_is_missing(emacs: Emacs) -> None:
    told = emacs.run(PMAT_MODE, VISIT + "(tell 'lines (count-lines (point-min) (point-max)))", server=False)
    assert told["lines"] > 100
    assert "pmat-lsp is not installed: install pmat-lsp, or set pmat-server-command" in emacs.output


def test_an_sv_that_is_none_is_told_with_what_to_do(emacs: Emacs) -> None:
    told = emacs.run(PMAT, VISIT + '(tell-error (lambda () (pmat-show "nonsense")))')
    assert told["error"].startswith("pmat: 'nonsense' names no SV\nAn SV is named by")


@needs_lsp_mode
def test_lsp_mode_shows_the_leak_beside_its_other_servers(emacs: Emacs) -> None:
    script = f"""
      (require 'lsp-mode)
      (setq lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-snippet nil)
      (lsp-workspace-folders-add "{emacs.folder}")
      (find-file "{SOURCE}") (lsp)
      (until (lambda () (> (hash-table-count (lsp-diagnostics)) 0)))
      (maphash (lambda (file found) (tell (file-name-nondirectory file) (length found))) (lsp-diagnostics))
    """
    told = emacs.run(LSP_MODE, script)
    assert told.get("HTTP.pm", 0) >= 2, emacs.output


def test_the_package_compiles_without_a_warning_and_is_described(emacs: Emacs) -> None:
    copy = shutil.copy(PACKAGE / "pmat.el", emacs.folder)
    quiet = f'(let ((byte-compile-error-on-warn t)) (tell \'compiled (byte-compile-file "{copy}")))'
    checked = f'(checkdoc-file "{copy}")'
    told = emacs.run("", f"{quiet} {checked}")
    assert told["compiled"] is True, emacs.output
    assert "pmat.el:" not in emacs.output, emacs.output
