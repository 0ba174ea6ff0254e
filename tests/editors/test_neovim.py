"""The Neovim plugin in a real Neovim with the real server, on the demo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.editors.neovim import PLUGIN, Neovim, list_of, neovim, program, programs
from tests.editors.page import blocks, run_again_command
from tests.server.beside import OTHER, needs_perl_languageserver
from tests.server.editor import demo_workspace, own_workspace

pytest.importorskip("pynvim", reason="pynvim is not installed: pip install -e '.[dev]'")

HTTP = "lib/Courier/HTTP.pm"
SUB = ("HTTP.pm", 79, 22)
LEAK = "59 Courier::Connection objects can never be freed"
LAZY, PACK, _ = blocks("neovim.md", "lua")
MANAGERS = [("lazy", LAZY), ("plug", blocks("neovim.md", "vim")[0])]
URL = "https://example.org/pmat-lsp.git"
CHAIN = [("Connection.pm", 42, 9), ("Connection.pm", 46, 13), ("HTTP.pm", 82, 14)]
"""The places of the chain, from the object on."""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


@pytest.fixture(params=programs())
def version(request: pytest.FixtureRequest) -> str:
    """Each Neovim that the plugin is for."""
    return str(request.param)


@pytest.fixture
def demo(workspace: Path, version: str) -> Iterator[Neovim]:
    """Neovim with the leaking module of the demo, its diagnostic shown."""
    with neovim(workspace, [HTTP], version=version) as shown:
        shown.until(shown.leaks, "no diagnostic")
        shown.until(lambda: shown.lua("return require('pmat').status()"), "nothing is known of the leaks")
        yield shown


def _quickfix(shown: Neovim) -> list[str]:
    return [entry["text"] for entry in shown.api.funcs.getqflist()]


def _open_tree(shown: Neovim) -> None:
    shown.command("Pmat tree")
    shown.until(lambda: shown.buffer_name == "pmat leaks", "no tree")


def test_the_story_from_the_diagnostic_through_the_chain_to_the_cure_and_a_clean_dump(
    demo: Neovim, workspace: Path
) -> None:
    (leak,) = demo.leaks()
    assert (leak["lnum"], leak["col"], leak["code"]) == (78, 21, "container-capture")

    demo.command("Pmat leaks")
    demo.until(lambda: _quickfix(demo), "no quickfix list")
    assert _quickfix(demo) == [f"[container-capture] {LEAK} (59 file handles, 1.0 MiB)"]
    assert demo.api.current.buffer.options["buftype"] == "quickfix"
    demo.keys("<CR>")
    assert demo.place == SUB

    demo.command("Pmat chain")
    demo.until(lambda: demo.place == CHAIN[0], "the chain does not begin")
    walked = [demo.place]
    for _ in range(3):
        demo.keys("]l")
        walked.append(demo.place)
    assert walked == [*CHAIN, CHAIN[0]]
    demo.keys("[l")
    assert demo.place == CHAIN[2]

    demo.command("call cursor(79, 22)")
    demo.lua("vim.lsp.buf.hover()")
    assert "59 leaked" in demo.until(lambda: _float(demo), "no hover")

    demo.lua("_G.choice = 1 vim.lsp.buf.code_action({})")
    demo.until(lambda: "    weaken( my $weak_conns = $conns );" in demo.lines, "the quick fix changes nothing")
    demo.command("wall")

    subprocess.run(run_again_command(), cwd=workspace, check=True, timeout=60)
    demo.until(lambda: not demo.leaks(), "the diagnostic stays")
    assert demo.until(
        lambda: str(demo.lua("return require('pmat').status()")).startswith("next.pmat: no proven leak"), "not told"
    )
    demo.until(lambda: not _quickfix(demo), "the quickfix list stays")
    assert demo.marks() == []


def _float(shown: Neovim) -> str:
    found = shown.lua(
        "for _, window in ipairs(vim.api.nvim_list_wins()) do "
        "if vim.api.nvim_win_get_config(window).relative ~= '' then "
        "return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\\n') end end"
    )
    return str(found or "")


def test_the_hierarchy_of_a_class_is_that_of_the_heap(demo: Neovim) -> None:
    demo.command("edit app.pl")
    demo.command("call search('IO::Socket::INET->new')")
    demo.until(lambda: demo.lua("return #vim.lsp.get_clients({ bufnr = 0 }) > 0"), "no client")
    found = demo.lua(
        "local at = vim.lsp.util.make_position_params(0, 'utf-16') "
        "return vim.lsp.buf_request_sync(0, 'textDocument/prepareTypeHierarchy', at, 10000)"
    )
    (answer,) = found.values() if isinstance(found, dict) else found
    assert [item["name"] for item in answer["result"]] == ["IO::Socket::INET"]
    demo.lua("vim.lsp.buf.typehierarchy('supertypes')")
    # IO::Socket may not be on this machine; then there is nothing to list.
    assert "not supported" not in demo.messages


def test_the_places_of_the_chain_are_marked_with_their_step_and_what_is_there(demo: Neovim) -> None:
    demo.command("Pmat chain")
    demo.until(lambda: demo.place == CHAIN[0], "the chain does not begin")
    assert (46, "2", "  2/4 $on_closed captured here") in demo.marks()
    assert (42, "1", "  1/4 stored as {on_closed} here, this closure captures $on_closed") in demo.marks()
    demo.keys("2]l")
    assert (82, "3", "  3/4 $conns captured here") in demo.marks()
    assert (70, "·", "  $conns declared here") in demo.marks()
    demo.command("Pmat clear")
    assert demo.marks() == []


@pytest.fixture
def lines(tmp_path: Path, version: str) -> Iterator[Neovim]:
    """Neovim with the program whose chains have several steps on one line, beside a file without any."""
    workspace = own_workspace(tmp_path / "lines", "shared_line")
    (workspace / "other.pl").write_text("print 1;\n" * 60)
    # A comment that ends with a full stop is Prolog to it.
    perl = "vim.g.filetype_pl = 'perl'"
    with neovim(workspace, ["shared_line.pl"], before=perl, version=version) as shown:
        shown.until(lambda: shown.lua("return require('pmat').status()"), "nothing is known of the leaks")
        yield shown


def _walk(shown: Neovim, *keys: str) -> list[tuple[int, int]]:
    """Where the cursor is after each of the keys."""
    walked = []
    for key in keys:
        shown.keys(key)
        assert shown.place[0] == "shared_line.pl"
        walked.append(shown.place[1:])
    return walked


def _show_chain(shown: Neovim, line: int, first: tuple[int, int]) -> None:
    shown.command(f"call cursor({line}, 1)")
    shown.command("Pmat chain")
    shown.until(lambda: shown.place[1:] == first, "the chain does not begin")


def test_the_keys_walk_every_place_of_a_chain_round_and_round_also_on_one_line(lines: Neovim) -> None:
    _show_chain(lines, 35, (35, 13))
    assert _walk(lines, *["]l"] * 4) == [(35, 29), (32, 12), (35, 13), (35, 29)]
    assert _walk(lines, *["[l"] * 3) == [(35, 13), (32, 12), (35, 29)]
    assert _walk(lines, "2]l", "4[l") == [(35, 13), (32, 12)]
    _show_chain(lines, 51, (51, 13))
    assert _walk(lines, *["]l"] * 3, "[l") == [(51, 29), (51, 13), (51, 29), (51, 13)]


def test_the_walk_goes_on_from_where_the_cursor_is_put(lines: Neovim) -> None:
    _show_chain(lines, 41, (41, 13))
    lines.command("call cursor(42, 1)")
    assert _walk(lines, "]l") == [(43, 13)]
    lines.command("call cursor(42, 1)")
    assert _walk(lines, "[l") == [(41, 13)]
    lines.command("call cursor(59, 40)")
    assert _walk(lines, "[l", "[l") == [(43, 13), (42, 9)]
    lines.command("edit other.pl | call cursor(41, 1)")
    assert _walk(lines, "]l") == [(43, 13)]
    lines.command("lopen")
    assert _walk(lines, "]l") == [(41, 13)]


def test_the_cursor_on_a_line_with_two_steps_is_at_the_nearer_one(lines: Neovim) -> None:
    _show_chain(lines, 35, (35, 13))
    lines.command("call cursor(35, 1)")
    assert _walk(lines, "]l") == [(35, 29)]
    lines.command("call cursor(35, 30)")
    assert _walk(lines, "]l") == [(32, 12)]


def test_a_chain_begins_at_its_first_step_that_is_written_somewhere(lines: Neovim) -> None:
    lines.lua(
        "local leaks, client = require('pmat.model').last() "
        "local finding = vim.deepcopy(leaks.findings[1]) "
        "finding.hops[1].place = nil "
        "require('pmat.chain').show(finding, client)"
    )
    assert lines.place[1:] == (35, 29)
    assert _walk(lines, "]l", "]l") == [(32, 12), (35, 29)]


def test_another_location_list_and_keys_of_the_users_own_are_left_alone(workspace: Path, version: str) -> None:
    own = "vim.keymap.set('n', '[l', function() _G.pressed = true end)"
    with neovim(workspace, [HTTP], before=own, version=version) as shown:
        shown.until(shown.leaks, "no diagnostic")
        shown.command("call cursor(79, 22)")
        shown.command("Pmat chain")
        shown.until(lambda: shown.place == CHAIN[0], "the chain does not begin")
        shown.keys("[l")
        assert shown.lua("return _G.pressed") is True
        items = "{ { filename = 'app.pl', lnum = 1 }, { filename = 'app.pl', lnum = 3 } }"
        shown.lua(f"vim.fn.setloclist(0, {items})")
        shown.keys("]l")
        assert shown.place[:2] == ("app.pl", 3)


def test_the_code_action_that_shows_the_chain_walks_it(demo: Neovim) -> None:
    demo.command("call cursor(79, 22)")
    demo.lua("_G.choice = 4 vim.lsp.buf.code_action({})")
    demo.until(lambda: demo.place == CHAIN[0], "the chain does not begin")
    assert demo.lua("return _G.offered[4]") == "Show the chain of this leak"


def test_a_mark_moves_with_the_text_above_it(demo: Neovim) -> None:
    demo.command("Pmat chain")
    demo.until(lambda: demo.place == CHAIN[0], "the chain does not begin")
    demo.api.current.buffer.append(["# one", "# two"], 0)
    assert 48 in [line for line, *_ in demo.marks()]


def test_the_tree_of_findings_folds_and_its_lines_jump_to_the_source(demo: Neovim) -> None:
    _open_tree(demo)
    lines = demo.lines
    assert lines[0].startswith(LEAK)
    assert lines[1].startswith("  1 lib/Courier/Connection.pm:42  Courier::Connection ->{on_closed} →")
    places = lines.index("  places (7)") + 1
    fold = demo.api.funcs
    assert (fold.foldclosed(2), fold.foldclosed(places), fold.foldclosedend(places)) == (-1, places, places + 7)
    demo.keys("3G<CR>")
    assert demo.place == CHAIN[1]


def test_identify_is_a_tree_whose_lines_jump_and_show_their_sv(demo: Neovim) -> None:
    address = str(demo.lua("return require('pmat.model').last().findings[1].addresses[1]"))
    demo.command(f"Pmat identify {address}")
    demo.until(lambda: demo.buffer_name == f"pmat identify {address}", "no answer")
    assert demo.lines[0] == f"HASH(4)=Courier::Connection at {address} is:"
    assert [demo.api.funcs.foldlevel(line) for line in range(1, 7)] == [1, 2, 3, 4, 5, 5]
    demo.keys("4GK")
    assert "with refcount 1" in demo.until(lambda: _float(demo), "no window with the SV")
    demo.keys("3G<CR>")
    assert demo.place == CHAIN[2]


def test_a_tree_of_sizes_folds_by_what_keeps_what_alive(demo: Neovim) -> None:
    demo.command("Pmat dominators --depth 3")
    demo.until(lambda: demo.buffer_name.startswith("pmat dominators"), "no answer")
    names = [line.rstrip()[demo.lines[1].index("description") :] for line in demo.lines[2:]]
    indents = [len(name) - len(name.lstrip()) for name in names]
    levels = [demo.api.funcs.foldlevel(number) for number in range(3, len(names) + 3)]
    assert len(set(indents)) == 4
    for (indent, level), (deeper, _) in pairwise(zip(indents, levels, strict=True)):
        assert level == indent // 2 + (2 if deeper > indent else 1)


def test_code_that_is_on_no_chain_jumps_to_where_perl_says_that_it_is(demo: Neovim) -> None:
    demo.command("Pmat identify &Courier::HTTP::get")
    demo.until(lambda: demo.buffer_name.startswith("pmat identify"), "no answer")
    demo.keys("gg<CR>")
    name, line, _ = demo.until(lambda: demo.place if demo.place[0].endswith(".pm") else None, "no jump")
    assert name == "HTTP.pm"
    assert "sub get " in "\n".join(demo.lines[line - 4 : line])


def test_a_table_keeps_its_columns_one_below_the_other(demo: Neovim) -> None:
    demo.command("Pmat count")
    demo.until(lambda: demo.buffer_name == "pmat count", "no answer")
    assert demo.lines[0].index("Kind") == demo.lines[1].index("ARRAY")


def test_completion_knows_commands_questions_options_and_addresses(demo: Neovim, workspace: Path) -> None:
    def completed(line: str) -> list[str]:
        return list(demo.api.funcs.getcompletion(line, "cmdline"))

    first = completed("Pmat ")
    assert {"leaks", "chain", "tree", "load", "identify", "show", "io", "compare"} <= set(first)
    assert completed("Pmat ide") == ["identify"]
    assert "--no-elide" in completed("Pmat identify 0x1 --")
    assert completed("Pmat dominators --by ") == ["class", "package"]
    assert completed("Pmat chain ")[0].startswith("container-capture-")
    assert len(completed("Pmat show 0x")) == 59
    assert completed("Pmat load c") == ["courier.pmat"]


def test_completion_starts_the_server_where_none_runs(workspace: Path, version: str) -> None:
    with neovim(workspace, version=version) as shown:
        assert list(shown.api.funcs.getcompletion("Pmat ident", "cmdline")) == ["identify"]


def test_pmat_alone_offers_all_that_can_be_asked(demo: Neovim) -> None:
    demo.command("Pmat")
    offered = demo.until(lambda: demo.lua("return _G.offered"), "nothing is offered")
    assert any(line.startswith("identify ") for line in offered)


def test_a_report_opens_as_a_buffer_whose_links_are_followed(demo: Neovim) -> None:
    demo.command("Pmat report")
    demo.until(lambda: demo.buffer_name == "pmat:/leaks.md" and len(demo.lines) > 3, "no report")
    assert demo.api.current.buffer.options["filetype"] == "markdown"
    row = next(number for number, line in enumerate(demo.lines, 1) if line.startswith("At "))
    demo.command(f"call cursor({row}, 6)")
    demo.keys("<CR>")
    assert demo.place[:2] == SUB[:2]


def test_a_report_leads_to_the_report_of_a_finding(demo: Neovim) -> None:
    demo.command("Pmat report")
    demo.until(lambda: demo.buffer_name == "pmat:/leaks.md" and len(demo.lines) > 3, "no report")
    demo.command("call search('can never be freed')")
    demo.keys("<CR>")
    demo.until(lambda: demo.buffer_name.startswith("pmat:/leaks/container-capture-"), "no other report")
    demo.until(lambda: any("Chain" in line for line in demo.lines), "it is empty")


def test_load_offers_the_dumps_that_are_open_and_those_that_were_found(demo: Neovim, workspace: Path) -> None:
    def offered() -> list[str]:
        demo.lua("_G.offered = nil")
        demo.command("Pmat load")
        return list(demo.until(lambda: demo.lua("return _G.offered"), "nothing is offered"))

    status = "return require('pmat').status()"
    older = shutil.copy(workspace / "courier.pmat", workspace / "lib" / "older.pmat")
    os.utime(older, (0, 0))
    demo.until(lambda: offered() == ["courier.pmat  in front", "lib/older.pmat"], "not found")
    demo.lua("_G.choice = 2")
    offered()
    demo.until(lambda: str(demo.lua(status)).startswith("older.pmat"), "not loaded")
    assert offered() == ["courier.pmat  open", "lib/older.pmat  in front"]


def test_the_server_shows_its_documents_in_buffers_of_the_plugin(demo: Neovim) -> None:
    demo.lua("require('pmat.server').execute('pmat.showLeaks', {})")
    demo.until(lambda: demo.buffer_name == "pmat:/leaks.md" and len(demo.lines) > 3, "no report")


def test_a_dump_that_is_edited_shows_what_leaked(workspace: Path, version: str) -> None:
    with neovim(workspace, ["courier.pmat"], version=version) as shown:
        shown.until(lambda: shown.buffer_name == "pmat leaks", "no tree")
        assert shown.lines[0].startswith(LEAK)


def test_compare_takes_the_dump_that_was_open_before(demo: Neovim, workspace: Path) -> None:
    demo.command("Pmat compare")
    demo.until(lambda: any("there is no previous dump" in one for one in demo.told), "not told")
    shutil.copy(workspace / "courier.pmat", workspace / "later.pmat")
    demo.command("Pmat load later.pmat")
    demo.until(lambda: "later.pmat" in demo.lua("return require('pmat').status()"), "not loaded")
    demo.command("Pmat compare")
    demo.until(lambda: demo.buffer_name == "pmat compare", "no answer")


def test_unload_takes_diagnostics_lists_and_tree_away(demo: Neovim) -> None:
    demo.command("Pmat leaks")
    demo.until(lambda: _quickfix(demo), "no quickfix list")
    _open_tree(demo)
    demo.command("Pmat unload")
    demo.until(lambda: not demo.leaks() and not _quickfix(demo), "still there")
    demo.until(lambda: len(demo.lines) == 1, "the tree stays")


def test_health_is_clean_and_names_server_and_encoding(demo: Neovim) -> None:
    demo.command("checkhealth pmat")
    report = "\n".join(demo.lines)
    assert "ERROR" not in report
    assert "WARN" not in report
    assert "pmat-lsp 0." in report
    assert "one offset encoding: utf-16" in report


@needs_perl_languageserver
def test_one_encoding_in_a_buffer_that_has_perl_languageserver_too(workspace: Path, version: str) -> None:
    other = f"""
      vim.api.nvim_create_autocmd('FileType', {{ pattern = 'perl', callback = function()
        vim.lsp.start({{ name = 'perlls', cmd = {list_of(OTHER)}, root_dir = vim.fn.getcwd() }})
      end }})
    """
    with neovim(workspace, [HTTP], before=other, version=version) as shown:
        shown.until(shown.leaks, "no diagnostic")
        running = (
            "vim.tbl_map(function(one) return one.initialized and one.name end, vim.lsp.get_clients({ bufnr = 0 }))"
        )
        shown.until(lambda: sorted(map(str, shown.lua(f"return {running}"))) == ["perlls", "pmat"], "not both run")
        encodings = shown.lua("return vim.tbl_map(function(one) return one.offset_encoding end, vim.lsp.get_clients())")
        assert encodings == ["utf-16", "utf-16"]
        shown.command("call cursor(79, 22)")
        shown.lua("vim.lsp.buf.hover()")
        assert "59 leaked" in shown.until(lambda: _float(shown), "no hover")
        shown.command("Pmat chain")
        shown.until(lambda: shown.place == CHAIN[0], "the chain does not begin")
        assert "encoding" not in shown.messages
        shown.command("checkhealth pmat")
        assert "one offset encoding: utf-16" in "\n".join(shown.lines)
        assert "WARN" not in "\n".join(shown.lines)


def test_health_warns_of_a_server_with_another_encoding(workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(
        "from pygls.lsp.server import LanguageServer\nserver = LanguageServer('other', '1')\nserver.start_io()\n"
    )
    before = (
        f"vim.lsp.config('other', {{ cmd = {list_of([sys.executable, str(other)])}, filetypes = {{ 'perl' }}, "
        "capabilities = { general = { positionEncodings = { 'utf-32' } } } }) vim.lsp.enable('other')"
    )
    with neovim(workspace, [HTTP], before=before) as shown:
        shown.until(lambda: shown.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 2, "not both attach")
        shown.until(shown.leaks, "no diagnostic")
        shown.command("checkhealth pmat")
        assert "other counts columns in utf-32, pmat in utf-16" in "\n".join(shown.lines)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of pmat-lsp with the plugin in its folder, to be cloned."""
    folder = tmp_path / "pmat-lsp.git"
    shutil.copytree(PLUGIN, folder / "editors" / "nvim", ignore=shutil.ignore_patterns("node_modules", "tags"))
    git = ["git", "-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "The plugin"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


WITHOUT_PLUGIN = f"vim.opt.runtimepath:remove([[{PLUGIN}]])\n"


def test_it_installs_as_a_package_of_a_clone_as_the_page_tells(
    repository: Path, workspace: Path, tmp_path: Path, version: str
) -> None:
    home = tmp_path / "home"
    programs = home / "bin"
    programs.mkdir(parents=True)
    (programs / "nvim").symlink_to(program(version))
    install = "".join(line.removeprefix("$ ") for line in blocks("neovim.md", "console")[1].splitlines(keepends=True))
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    shell = ["sh", "-ec", install.replace("nvim +", "nvim --headless +")]
    subprocess.run(shell, cwd=clone, check=True, env={**os.environ, "HOME": str(home), "PATH": path}, timeout=60)
    (home / "nvim").symlink_to(home / ".local/share/nvim")
    with neovim(workspace, [HTTP], before=WITHOUT_PLUGIN, home=home, version=version) as shown:
        assert str(PLUGIN) not in shown.api.options["runtimepath"].split(",")
        shown.until(shown.leaks, "no diagnostic")
        shown.command("help :Pmat-chain")
        assert shown.place[0] == "pmat.txt"


def test_it_installs_by_vim_pack_as_the_page_tells(repository: Path, workspace: Path, tmp_path: Path) -> None:
    add = PACK.replace(URL, repository.as_uri())
    assert add != PACK
    # Whoever has no terminal is not asked.
    before = WITHOUT_PLUGIN + add.replace("load =", "confirm = false, load =")
    with neovim(workspace, [HTTP], before=before, home=tmp_path / "home", version="0.12") as shown:
        shown.until(shown.leaks, "no diagnostic")
        assert shown.lua("return vim.pack.get()[1].spec.name") == "pmat-lsp"
        shown.command("Pmat chain")
        shown.until(lambda: shown.place == CHAIN[0], "the chain does not begin")
        shown.command("help :Pmat-chain")
        assert shown.place[0] == "pmat.txt"


@pytest.mark.parametrize(("manager", "lines"), MANAGERS, ids=[manager for manager, _ in MANAGERS])
def test_it_installs_by_a_plugin_manager_as_the_page_tells(
    manager: str, lines: str, repository: Path, workspace: Path, tmp_path: Path
) -> None:
    folder = os.environ.get(f"PMAT_{manager.upper()}")
    if folder is None:
        pytest.skip(f"{manager} is not here: PMAT_{manager.upper()} names its folder")
    begin = {
        "lazy": f"vim.opt.runtimepath:prepend([[{folder}]])\nrequire('lazy').setup({{ spec = {{\n%s}} }})",
        "plug": f"vim.cmd([[\nsource {folder}/plug.vim\ncall plug#begin()\n%scall plug#end()\nPlugInstall --sync\n"
        "bdelete\ncall plug#load('pmat-lsp')\n]])",
    }[manager]
    before = WITHOUT_PLUGIN + begin % lines.replace(URL, repository.as_uri())
    with neovim(workspace, [HTTP], before=before, home=tmp_path / "home") as shown:
        shown.until(shown.leaks, "no diagnostic")
        shown.command("Pmat chain")
        shown.until(lambda: shown.place == CHAIN[0], "the chain does not begin")


def test_what_the_user_configures_wins(workspace: Path) -> None:
    before = "vim.lsp.config('pmat', { settings = { pmat = { diagnostics = { severity = 'error' } } } })"
    with neovim(workspace, [HTTP], before=before) as shown:
        found = shown.until(lambda: [one for one in shown.diagnostics() if one["severity"] == 1], "no error")
        assert found[0]["source"] == "pmat"


def test_without_autostart_nothing_starts_until_it_is_asked_for(workspace: Path, version: str) -> None:
    before = "vim.g.pmat = vim.tbl_extend('force', vim.g.pmat, { autostart = false })"
    with neovim(workspace, [HTTP], before=before, version=version) as shown:
        assert shown.lua("vim.wait(300) return #vim.lsp.get_clients()") == 0
        shown.command("Pmat leaks")
        shown.until(lambda: _quickfix(shown), "no quickfix list")


def test_a_missing_server_is_told_in_one_message(workspace: Path, version: str) -> None:
    with neovim(workspace, [HTTP], server=["no-such-server", "serve"], version=version) as shown:
        shown.command("Pmat leaks")
        shown.command(f"edit {workspace / 'lib/Courier/Connection.pm'}")
        (told,) = shown.told
        assert told.startswith("pmat: the language server is not installed: no-such-server is no program.")
        assert "stack traceback" not in shown.messages
        shown.command("checkhealth pmat")
        assert "ERROR no-such-server is no program" in "\n".join(shown.lines)


def test_a_damaged_dump_is_told_in_one_message_and_the_one_before_stays(demo: Neovim, workspace: Path) -> None:
    whole = (workspace / "courier.pmat").read_bytes()
    (workspace / "broken.pmat").write_bytes(whole[: len(whole) // 2])
    demo.command("Pmat load broken.pmat")
    (told,) = demo.until(lambda: demo.told, "not told")
    assert "broken.pmat" in told
    assert "truncated" in told
    assert "stack traceback" not in told + demo.messages
    assert demo.leaks()


def test_a_question_that_fails_is_told_in_one_message(demo: Neovim) -> None:
    demo.command("Pmat show 0x1")
    (told,) = demo.until(lambda: demo.told, "not told")
    assert told.startswith("pmat: ")
    assert "Traceback" not in told


def test_a_folder_without_a_dump_is_told_how_to_open_one(tmp_path: Path, version: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with neovim(empty, version=version) as shown:
        shown.command("Pmat leaks")
        (told,) = shown.until(lambda: shown.told, "not told")
        assert ":Pmat load FILE opens a heap dump" in told


def test_help_has_a_tag_for_the_plugin_each_command_and_each_setting(demo: Neovim, tmp_path: Path) -> None:
    doc = shutil.copytree(PLUGIN / "doc", tmp_path / "runtime" / "doc")
    demo.command(f"helptags {doc}")
    demo.command(f"set runtimepath+={doc.parent}")
    tags = {line.split("\t")[0] for line in (doc / "tags").read_text().splitlines()}
    commands = demo.lua("return require('pmat.command').names()")
    assert {"pmat", ":Pmat", *(f":Pmat-{name}" for name in commands)} <= tags
    demo.command("help pmat")
    assert demo.place[0] == "pmat.txt"


def test_nothing_of_it_is_loaded_before_a_perl_file_is_open(workspace: Path, version: str) -> None:
    with neovim(workspace, version=version) as shown:
        assert shown.lua("return vim.g.loaded_pmat")
        loaded = (
            "return vim.iter(vim.tbl_keys(package.loaded)):any(function(name) return name:find('^pmat') ~= nil end)"
        )
        assert not shown.lua(loaded)
        shown.command(f"edit {HTTP}")
        assert shown.lua(loaded)
