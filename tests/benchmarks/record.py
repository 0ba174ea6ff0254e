"""Records the session that is replayed: `python -m tests.benchmarks.record`; takes some minutes.

A real Neovim with the plugin works for two hours on the program that writes the dumps of the benchmarks, and a tee
between it and the server notes what it sends. Only the waiting of a person is left out: the keys come faster.

What a busy person does in a minute: 25 keys that change the text, each sent by itself; 4 hovers; 6 moments in which
the cursor rests, at which highlights and code actions are asked for, as a set-up with a light bulb does; a definition;
code lenses after each edit; inlay hints as Neovim itself asks for them; one time saving; every second minute
references and a search among symbols, every third a call hierarchy up and down, every fourth a type hierarchy, every
tenth a report with its links, the tree of the leaks, and what holds an SV.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.dumps import GENERATOR, bench_dump
from tests.benchmarks.player import RECORDING
from tests.benchmarks.recording import PAUSE, write_recording
from tests.editors.neovim import SERVER, Neovim, neovim

MINUTES = 120
SVS = 30_000
"""Of the dump that is open meanwhile."""
KEYS_A_MINUTE = 25
_A_KEY = 0.004
"""Seconds: what Neovim needs to take a key."""

_SETTINGS = """
vim.g.pmat = vim.tbl_extend('force', vim.g.pmat, { settings = {
  dump = [[DUMP]],
  pathMap = { { from = [[SOURCES]], to = [[WORKSPACE]] } },
  codeLens = { enable = true },
  inlayHints = { enable = true },
} })
-- Every key is sent by itself. Links are asked for, as lsplinks.nvim does, and what Neovim can do is announced.
local document = { documentLink = { dynamicRegistration = true }, typeHierarchy = { dynamicRegistration = false } }
vim.lsp.config('pmat', {
  flags = { debounce_text_changes = 0 },
  capabilities = { textDocument = document },
})
vim.lsp.inlay_hint.enable(true)
vim.o.swapfile = false
-- As a light bulb does; a menu is looked at and left.
vim.ui.select = function(_, _, done) done(nil) end
"""
_REST = """
vim.lsp.buf.document_highlight()
local client = vim.lsp.get_clients({ bufnr = 0 })[1]
local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
local line = vim.diagnostic.get(0, { lnum = vim.api.nvim_win_get_cursor(0)[1] - 1 })
params.context = { diagnostics = vim.tbl_map(function(one) return one.user_data.lsp end, line), triggerKind = 2 }
client:request('textDocument/codeAction', params, function() end, 0)
"""
_IDLE = """
for _, client in ipairs(vim.lsp.get_clients()) do
  for _, request in pairs(client.requests) do
    if request.type == 'pending' then return false end
  end
end
return true
"""
_LINKS = """
local client = vim.lsp.get_clients()[1]
vim.lsp.buf_attach_client(0, client.id)
client:request('textDocument/documentLink', { textDocument = { uri = vim.uri_from_bufnr(0) } }, function() end, 0)
"""
_HOVERED = (
    "connection = Bench",
    "connection->{on_close}",
    "sub { delete",
    "connection->{buffer}",
    "on_close",
    "Bench::Connection { sub",
    "Bench::User",
    "Bench::Admin",
    "Bench::Session",
    "USERS, %BY_NAME",
    "BY_NAME{",
    "HANDLERS, sub",
    "sub { return $weak",
    "weak && $weak",
    "weak = $user",
    "sub add_user",
    "sub leak_connection",
    "leaks = $svs",
    "users = (",
    "svs, $file",
    "id) = @_",
    "profile",
    "ISA = ",
)
"""Where the cursor goes, as text of the program."""
_TYPED = (
    ("connection->{on_close}", "my $count = keys %$connection;"),
    ("connection->{on_close}", "weaken( my $weak_connection = $connection );"),
    ("sub leak_connection", "# a connection that nobody closes"),
    ("push @USERS", "$user->{seen} = time;"),
    ("weaken $weak", "my %copy = %$user;"),
    ("profile =>", "notes => { map { $_ => 1 } @USERS },"),
    ("our ( @USERS", "our %OPEN;"),
    ("return $user;", "die 'no user' unless $user;"),
    ("leaks = MOST_LEAKS", 'print "leaks: $leaks\\n";'),
    ("users = (", "$users = int $users;"),
    ("package main;", "sub count_users { return scalar @USERS }"),
    ("HANDLERS, sub", "push @HANDLERS, sub { my ($event) = @_; return $event };"),
)
"""(the line above, what is typed)."""
_SYMBOLS = ("Bench", "add", "USERS", "conn", "BY_NAME", "leak_connection", "Session")


class Person:
    """Somebody who works in a Neovim."""

    def __init__(self, shown: Neovim, random_: random.Random) -> None:
        self._shown = shown
        self._random = random_

    def minute(self, number: int) -> None:
        """One minute of work."""
        self._type(KEYS_A_MINUTE)
        self._lens()
        for _ in range(4):
            self._at(self._random.choice(_HOVERED))
            self._do("vim.lsp.buf.hover()")
            self._shown.command("silent! fclose!")
        for _ in range(6):
            self._at(self._random.choice(_HOVERED))
            self._do(_REST)
        self._at(self._random.choice(_HOVERED))
        self._do("vim.lsp.buf.definition({ on_list = function() end })")
        if number % 2 == 0:
            self._at(self._random.choice(_HOVERED))
            self._do("vim.lsp.buf.references(nil, { on_list = function() end })")
            self._do(f"vim.lsp.buf.workspace_symbol('{self._random.choice(_SYMBOLS)}', {{ on_list = function() end }})")
        if number % 3 == 0:
            closure = self._random.choice(("sub { delete", "HANDLERS, sub"))
            for direction in ("incoming", "outgoing"):
                self._at(closure, "sub {")
                self._do(f"vim.lsp.buf.{direction}_calls()")
                self._shown.command("silent! cclose")
        if number % 4 == 0:
            self._at("Bench::User { sub")
            self._do(f"vim.lsp.buf.typehierarchy('{'subtypes' if number % 8 else 'supertypes'}')")
        if number % 10 == 0:
            self._reports()
        self._shown.command("silent! cclose | silent! lclose")
        if number % 5 == 4:
            # The experiments are thrown away.
            self._shown.command("silent undo 0")
            self._settle()
        self._shown.command("silent write")
        self._settle()
        time.sleep(PAUSE + 0.1)

    def _type(self, keys: int) -> None:
        """New lines; half of them are taken back."""
        typed = 0
        while typed < keys:
            above, text = self._random.choice(_TYPED)
            text = text[: keys - typed]
            self._at(above)
            self._press("o")
            for key in text:
                self._press("<lt>" if key == "<" else key)
            self._press("<Esc>")
            typed += len(text) + 1
            if self._random.random() < 0.5:
                self._press("u")
                typed += 1
        self._settle()

    def _lens(self) -> None:
        self._do("vim.lsp.codelens.refresh({ bufnr = 0 })")

    def _reports(self) -> None:
        for command in ("Pmat report", "Pmat tree", "Pmat identify"):
            self._at("sub { delete")
            self._shown.command(command)
            self._settle()
            if command == "Pmat report":
                self._shown.until(lambda: len(self._shown.lines) > 3, "no report")
                self._do(_LINKS)
            self._shown.command("silent! only | buffer generate.pl")
        self._at("sub { delete")
        self._do("vim.lsp.codelens.run()")
        self._shown.command("silent! only | buffer generate.pl")

    def _at(self, text: str, then: str = "") -> None:
        """Put the cursor on the first place of a text; it stays where there is none."""
        self._shown.lua("vim.fn.cursor(1, 1) vim.fn.search('\\\\V' .. ..., 'cW')", text)
        if then:
            self._shown.lua("vim.fn.search('\\\\V' .. ..., 'cW', vim.fn.line('.'))", then)

    def _do(self, code: str) -> None:
        self._shown.lua(code)
        self._settle()

    def _press(self, key: str) -> None:
        self._shown.api.input(key)
        time.sleep(_A_KEY)

    def _settle(self) -> None:
        """Wait until nothing is asked any more."""
        self._shown.until(lambda: self._shown.lua(_IDLE), "the server does not answer")


def record(target: Path, minutes: int) -> None:
    """Record a session of some minutes of work."""
    with tempfile.TemporaryDirectory(prefix="pmat-session-") as name:
        folder = Path(name).resolve()
        dump = bench_dump(folder / "dumps", SVS).path
        workspace, log = folder / "service", folder / "log.jsonl"
        workspace.mkdir()
        shutil.copy(GENERATOR, workspace)
        places = {"workspace": str(workspace), "dump": str(dump), "sources": str(GENERATOR.parent)}
        before = _SETTINGS
        for place, path in places.items():
            before = before.replace(place.upper(), path)
        tee = (sys.executable, "-m", "tests.benchmarks.tee", str(log), str(SERVER), "serve")
        with neovim(workspace, [GENERATOR.name], before, _from_checkout(tee), folder / "home") as shown:
            shown.until(shown.leaks, "no diagnostic")
            person = Person(shown, random.Random(1))
            for number in range(minutes):
                person.minute(number)
        write_recording(target, log, places)


def _from_checkout(command: Sequence[str]) -> Sequence[str]:
    """The command, run in the checkout, whose modules it needs."""
    root = Path(__file__).parent.parent.parent
    return ("env", f"PYTHONPATH={root}", *command)


def main() -> None:
    """Record, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.record", description=__doc__)
    parser.add_argument("--minutes", type=int, default=MINUTES, help="of work (default: %(default)s)")
    parser.add_argument("--to", type=Path, default=RECORDING, metavar="FILE", help="default: %(default)s")
    arguments = parser.parse_args()
    began = time.monotonic()
    record(arguments.to, arguments.minutes)
    size = arguments.to.stat().st_size
    print(f"{arguments.to}: {size:,} bytes, recorded in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
