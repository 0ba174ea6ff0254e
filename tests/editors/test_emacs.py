"""Emacs, with the configuration that docs/editors/emacs.md tells: Eglot, lsp-mode, and pmat.el alone."""

from __future__ import annotations

import json
import lzma
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.dumps import ROOT
from tests.editors.page import blocks, environment, project, run_again_command, run_editor
from tests.server.beside import needs_perl_languageserver
from tests.server.editor import DEMO, own_workspace

PROGRAMS = {
    "system": shutil.which("emacs"),
    "30": shutil.which("emacs-30", path=str(Path(sys.prefix, "editors", "bin"))),
}
"""Each Emacs that there may be."""
PACKAGE = ROOT / "editors" / "emacs"
EGLOT, PMAT, PMAT_MODE, LSP_MODE = blocks("emacs.md", "elisp")
SOURCE = "lib/Courier/HTTP.pm"

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


class Emacs:
    """An Emacs without a screen, in the demo."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.home = folder / "home"
        self.folder = project(folder / "courier")
        self.output = ""

    def run(self, init: str, script: str, *, server: bool = True) -> dict[str, Any]:
        """Load an init file, then a script; what the script told."""
        env = environment(self.home, server=server)
        (self.home / "init.el").write_text(init, encoding="utf-8")
        (self.home / "script.el").write_text(TELL + script, encoding="utf-8")
        loaded = ["-l", str(self.home / "init.el"), "-l", str(self.home / "script.el")]
        begin = [self.program, "-q", "--batch", "-f", "package-activate-all", "-L", str(PACKAGE)]
        self.output = run_editor([*begin, *loaded], self.folder, env)
        told: dict[str, Any] = {}
        for line in self.output.splitlines():
            if line.startswith('{"'):
                told |= json.loads(line)
        return told

    def needs(self, library: str) -> None:
        """Skip the test where Emacs has not got a library."""
        told = self.run("", f'(tell \'found (and (locate-library "{library}") t))', server=False)
        if not told["found"]:
            pytest.skip(f"{library} is not here (apt install elpa-{library})")


@pytest.fixture(params=PROGRAMS)
def emacs(request: pytest.FixtureRequest, tmp_path: Path) -> Emacs:
    """In the demo, with a home of its own."""
    program = PROGRAMS[request.param]
    if program is None:
        pytest.skip("Emacs is not here (apt install emacs-nox; make editors)")
    return Emacs(program, tmp_path)


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
  '(1 2 3 4 5))))
"""
WALKED = ["Connection.pm:42:8", "Connection.pm:46:12", "HTTP.pm:82:13", "HTTP.pm:82:13", "Connection.pm:42:8"]
"""The places of the chain and the first one again; the fourth step has none, and leaves what is shown."""


def assert_leak_is_marked(told: dict[str, Any]) -> None:
    """The marks are those of the demo's leak."""
    marks = {(mark["line"], mark["marked"]): mark["text"] for mark in told["marks"]}
    assert "$conns->[0]" in marks[79, "sub"]
    assert "container-capture" in marks[79, "sub"]
    assert "$conns captured here" in marks[82, "$conns"]


def assert_chain_is_told(told: dict[str, Any]) -> None:
    """The xref buffer has the steps of the demo's leak in their order, over two files."""
    # Emacs 30 has no space behind the number of a line.
    lines = [re.sub(r"^(\d+):(?! )", r"\1: ", line) for line in told["chain"].splitlines()]
    assert [line.split()[0] for line in lines[::2]] == ["1/4", "2/4", "3/4", "4/4", "and"]
    assert lines[0].startswith("1/4 Courier::Connection ->{on_closed} → the closure at lib/Courier/Connection.pm")
    assert lines[1] == "42: stored as {on_closed} here  (lib/Courier/Connection.pm)"
    assert lines[3] == "46: $on_closed captured here  (lib/Courier/Connection.pm)"
    assert lines[5] == "82: $conns captured here  (lib/Courier/HTTP.pm)"
    assert lines[-2:] == ["and so back to the same Courier::Connection", lines[1]]


def test_the_story_with_eglot_from_the_mark_through_the_chain_to_the_cure_and_a_clean_dump(emacs: Emacs) -> None:
    emacs.needs("eglot")
    script = (
        """
      (until-marked)
      (goto-char (point-min)) (search-forward "on_closed => su")
      (eldoc-print-current-symbol-info t)
      (until (lambda () (and (buffer-live-p eldoc--doc-buffer) (> (buffer-size eldoc--doc-buffer) 0))))
      (eldoc-doc-buffer)
      (tell 'hover (with-current-buffer eldoc--doc-buffer (buffer-substring-no-properties (point-min) (point-max))))
      (pmat-leaks) (set-buffer "*pmat leaks*") (tell-text 'table)
      (switch-to-buffer (get-file-buffer "lib/Courier/HTTP.pm"))
    """
        + CHAIN
        + f"""
      (switch-to-buffer (get-file-buffer "lib/Courier/HTTP.pm"))
      (goto-char (point-min)) (search-forward "on_closed => su")
      (let ((last-nonmenu-event ?x) (completing-read-function
          (lambda (_ choices &rest _) (tell 'offered (vconcat (mapcar #'car choices))) (caar choices))))
        (eglot-code-actions (point) (point) nil t))
      (tell-text 'cured) (save-buffer)
      (tell 'ran (let ((default-directory "{emacs.folder}/"))
        (apply #'call-process "sh" nil nil nil '({" ".join(map(json.dumps, run_again_command()[1:]))}))))
      ;; What Emacs saw of files is told only while it reads keys.
      (until (lambda () (read-event nil nil 0.1) (flymake-start) (equal (marks) [])))
      (tell 'after (marks))
      (tell 'status (plist-get (pmat--ask (eglot-current-server) :pmat/leaks nil) :message))
    """
    )
    told = emacs.run(EGLOT + PMAT, EGLOT_VISIT + script)
    assert_leak_is_marked(told)
    assert "59 live" in told["hover"]
    assert "18.2 KiB retained each" in told["hover"].replace("*", "")
    assert "59 Courier::Connection objects can never be freed" in told["table"]
    assert_chain_is_told(told)
    assert told["walked"] == WALKED
    assert "    weaken( my $weak_conns = $conns );" in told["cured"], told["offered"]
    assert told["ran"] == 0
    assert told["after"] == []
    assert told["status"].startswith("next.pmat: no proven leak")


def test_the_commands_ask_the_server_of_eglot(emacs: Emacs) -> None:
    emacs.needs("eglot")
    told = emacs.run(EGLOT + PMAT, EGLOT_VISIT + "(tell 'same (eq (pmat--connect) (eglot-current-server)))")
    assert told["same"] is True


def test_the_chain_is_walked_without_eglot(emacs: Emacs) -> None:
    told = emacs.run(PMAT, VISIT + CHAIN)
    assert_chain_is_told(told)
    assert told["walked"] == WALKED


def test_the_chain_is_walked_also_where_steps_share_a_line(emacs: Emacs) -> None:
    shutil.rmtree(emacs.folder)
    own_workspace(emacs.folder, "shared_line")
    told = emacs.run(PMAT, '(find-file "shared_line.pl")' + CHAIN.replace("forward-line 78", "forward-line 34"))
    places = [place.partition(":")[2] for place in told["walked"]]
    assert places == ["35:12", "35:28", "32:11", "32:11", "35:12"]


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


def test_with_eglot_a_damaged_dump_is_told_in_one_message(emacs: Emacs) -> None:
    emacs.needs("eglot")
    dump = emacs.folder / "courier.pmat"
    whole = dump.read_bytes()
    dump.write_bytes(whole[: len(whole) // 2])
    script = """
      (defun messages () (with-current-buffer (messages-buffer) (buffer-string)))
      (until (lambda () (string-match-p "truncated" (messages)))) (tell 'messages (messages))
    """
    told = emacs.run(EGLOT, EGLOT_VISIT + script)
    assert told["messages"].count("courier.pmat: truncated") == 1
    assert "Traceback" not in emacs.output
    assert "Debugger" not in emacs.output


def test_with_eglot_a_missing_server_is_told_in_one_message(emacs: Emacs) -> None:
    emacs.needs("eglot")
    script = "(tell-error (lambda () (run-hooks 'post-command-hook))) (tell 'lines (count-lines 1 (point-max)))"
    told = emacs.run(EGLOT, VISIT + script, server=False)
    # Emacs 28 tells it as an error of the hook, Emacs 30 as a warning.
    assert "No such file or directory, pmat-lsp" in (told["error"] or emacs.output)
    assert told["lines"] > 100
    assert "Debugger" not in emacs.output


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


@needs_perl_languageserver
def test_lsp_mode_shows_leak_and_hover_beside_perl_languageserver(emacs: Emacs) -> None:
    emacs.needs("lsp-mode")
    script = f"""
      (require 'lsp-mode) (require 'lsp-perl)
      (setq lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-snippet nil)
      (lsp-workspace-folders-add "{emacs.folder}")
      (find-file "{SOURCE}") (lsp)
      (defun told () (mapcar #'lsp:diagnostic-message (gethash (buffer-file-name) (lsp-diagnostics))))
      (until (lambda () (and (cdr (lsp-workspaces)) (seq-some (apply-partially #'string-match-p "leaked") (told)))))
      (tell 'servers (vconcat (mapcar (lambda (one) (lsp--client-server-id (lsp--workspace-client one)))
        (lsp-workspaces))))
      (tell 'diagnostics (vconcat (told)))
      (goto-char (point-min)) (search-forward "on_closed => su")
      (tell 'hover (lsp-get (lsp-get (lsp-request "textDocument/hover" (lsp--text-document-position-params))
        :contents) :value))
    """
    told = emacs.run(LSP_MODE, script)
    assert sorted(told["servers"]) == ["perl-language-server", "pmat"], emacs.output
    assert any("59 leaked" in message for message in told["diagnostics"])
    assert "59 live" in told["hover"]


def test_the_package_compiles_without_a_warning_and_is_described(emacs: Emacs) -> None:
    copy = shutil.copy(PACKAGE / "pmat.el", emacs.folder)
    quiet = f'(let ((byte-compile-error-on-warn t)) (tell \'compiled (byte-compile-file "{copy}")))'
    checked = f'(checkdoc-file "{copy}")'
    told = emacs.run("", f"{quiet} {checked}")
    assert told["compiled"] is True, emacs.output
    assert "pmat.el:" not in emacs.output, emacs.output
