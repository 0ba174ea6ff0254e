"""The parts of the shell: the words of a line, the pages of an answer, what a line can become, links."""

from __future__ import annotations

import shlex
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from pmat_lsp.catalogue.filters import FILTERS
from pmat_lsp.cli.opening import progress_bar
from pmat_lsp.cli.output import wants_links
from pmat_lsp.cli.shell.commands import COMMANDS, Leave, Shell, ShellCommand
from pmat_lsp.cli.shell.completion import completions
from pmat_lsp.cli.shell.pages import cut
from pmat_lsp.cli.shell.words import split_words
from pmat_lsp.cli.targets import recorded_targets
from pmat_lsp.errors import PmatError
from pmat_lsp.render.links import Targets, line_url, linked
from pmat_lsp.session import Dump, Settings
from tests.dumps import heap_of


@pytest.fixture
def shell(demo_dump: Path) -> Shell:
    """The shell on the demo's dump."""
    return Shell(Dump(heap_of(demo_dump), Settings()))


@given(st.lists(st.text()))
def test_what_quoting_makes_of_words_comes_back(words: list[str]) -> None:
    assert split_words(shlex.join(words)) == words


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'"), min_size=1)))
def test_words_without_quotes_are_themselves(words: list[str]) -> None:
    assert split_words("  ".join(words)) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("show &Foo'bar", ["show", "&Foo'bar"]),
        ("show %Foo's'hash", ["show", "%Foo's'hash"]),
        ("find pv --regexp='a b'", ["find", "pv", "--regexp=a b"]),
        ('find pv "it\'s"', ["find", "pv", "it's"]),
        ("find pv ''", ["find", "pv", ""]),
        (r"find pv -r \d+\s", ["find", "pv", "-r", r"\d+\s"]),
    ],
)
def test_quotes_inside_of_words_are_themselves(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize("line", ["show 'x", 'find pv "a b', "find pv --regexp='a b", "show 'a'\"b"])
def test_a_quote_that_is_not_closed_is_told(line: str) -> None:
    with pytest.raises(PmatError, match="not closed"):
        split_words(line)


@given(st.lists(st.text(st.sampled_from("ab漢"), max_size=30)), st.integers(2, 20), st.integers(1, 9))
def test_pages_are_the_whole_text_in_pieces_that_fit(lines: list[str], columns: int, rows: int) -> None:
    text = Text("".join(f"{line}\n" for line in lines))
    page, rest = cut(text, columns, rows)
    assert page.plain + rest.plain == text.plain
    shown = [max(-(-Text(line).cell_len // columns), 1) for line in page.plain.splitlines()]
    assert sum(shown) <= rows or len(shown) == 1
    if rest.plain:
        following = Text(rest.plain.split("\n", 1)[0])
        assert sum(shown) + max(-(-following.cell_len // columns), 1) > rows


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("", [command.name for command in COMMANDS]),
        ("ident", ["identify"]),
        ("help sym", ["symbols"]),
        ("identify --to", ["--to-root"]),
        ("summary --", ["--json"]),
        ("leaks --", ["--json", "--unexplained"]),
        ("show defs", ["defstash"]),
        ("show $Courier::Con", ["$Courier::Connection::"]),
        ("show %main::IN", ["%main::INC"]),
        ("find ", [one.name for one in FILTERS]),
        ("find pv --reg", ["--regexp"]),
        ("find pv needle bl", ["blessed"]),
        ("find blessed Courier::C", ["Courier::Connection"]),
        ("find cv -p Courier::C", ["Courier::Connection"]),
        ("symbols Courier::C", ["Courier::Connection"]),
        ("reachability --list lex", ["lexical"]),
        ("find --limit ", []),
        ("nothing ", []),
    ],
)
def test_a_line_can_go_on(shell: Shell, line: str, among: list[str]) -> None:
    word, found = completions(shell, line)
    assert line.endswith(word)
    assert found == among


def test_addresses_that_were_shown_are_completed_the_latest_first(shell: Shell) -> None:
    shell.note("SCALAR at 0xa1 and 0xa2\n0xa1 again, 0xb1")
    assert completions(shell, "show 0xa") == ("0xa", ["0xa1", "0xa2"])


def test_folders_and_dumps_are_completed(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.pmat", "b.pmat.xz", "a.txt", "with space.pmat", ".hidden.pmat"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.pmat.zst").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for command in ("open", "diff", "compare", "leakreport a.pmat"):
        assert completions(shell, f"{command} ")[1] == ["a.pmat", "b.pmat.xz", "folder/"]
        assert completions(shell, f"{command} folder/")[1] == ["folder/c.pmat.zst"]
        assert completions(shell, f"{command} ~/fo")[1] == ["~/folder/"]
    assert completions(shell, "open no/such/")[1] == []


def test_the_home_is_written_as_in_a_shell(
    shell: Shell, demo_dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(demo_dump, tmp_path / "here.pmat.xz")
    shell.answer("open ~/here.pmat.xz")
    assert shell.dump.path == tmp_path / "here.pmat.xz"
    with pytest.raises(PmatError):
        shell.answer("open ~nobody-at-all/x.pmat")
    assert shell.dump.path == tmp_path / "here.pmat.xz"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_says_what_every_command_does(shell: Shell, command: ShellCommand) -> None:
    told, again = shell.answer(f"help {command.name}"), shell.answer(f"{command.name} --help")
    assert told is not None
    assert again == told
    usage, description = told.plain.split("\n\n")[:2]
    assert usage.startswith(f"usage: {command.name}")
    assert description.strip() == command.description.split("\n\n")[0]
    assert len(description.split()) > 3


def test_quitting_leaves(shell: Shell) -> None:
    for word in ("quit", "exit"):
        with pytest.raises(Leave):
            shell.answer(word)
    assert shell.answer("") is shell.answer("  # a comment") is None


def test_a_ctrl_c_whose_exception_was_lost_is_heard_by_the_next_progress_or_at_the_end() -> None:
    reached: list[str] = []

    def work(stages: list[str]) -> None:
        with progress_bar() as progress:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            reached.append("the signal is over")
            for stage in stages:
                progress(stage, 1, 2)
                reached.append(stage)

    usual = signal.getsignal(signal.SIGINT)
    for stages in (["stage"], []):
        with pytest.raises(KeyboardInterrupt):
            work(stages)
    assert reached == ["the signal is over"] * 2
    assert signal.getsignal(signal.SIGINT) is usual


def test_places_and_addresses_become_links(tmp_path: Path) -> None:
    here = tmp_path / "Foo Bar.pm"
    targets = Targets(
        lambda file, line: (here, line + 1) if file == "lib/Foo.pm" else None,
        lambda address: (here, 7) if address == 0xAB else None,
    )
    text = Text("CODE at 0xab: lib/Foo.pm line 3, lib/Foo.pm:4:22 'lib/Bar.pm:5' 0xabc it is 12:30", "bold")
    spans = {text.plain[span.start : span.end]: span.style for span in linked(text, targets).spans}
    links = {shown: getattr(style, "link", None) for shown, style in spans.items()}
    assert links == {
        "0xab": line_url(here, 7),
        "lib/Foo.pm line 3": line_url(here, 4),
        "lib/Foo.pm:4": line_url(here, 5),
    }
    assert links["0xab"].endswith("Foo%20Bar.pm#7")
    assert text.spans == []


def test_the_name_of_a_file_cannot_end_a_link(tmp_path: Path) -> None:
    assert line_url(tmp_path / "a\x1b\\b\x07c\n.pm", 1).isprintable()
    assert line_url(tmp_path / "ä漢.pm", 1).isascii()


def test_only_subs_and_files_that_are_here_are_led_to(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    targets = recorded_targets(
        [Dump(heap, Settings()), Dump(heap, Settings(source_roots=(demo_dump.parent / "program",)))]
    )
    http = demo_dump.parent / "program" / "lib" / "Courier" / "HTTP.pm"
    assert targets.place("lib/Courier/HTTP.pm", 12) == (http, 12)
    assert targets.place("no/such.pm", 12) is None
    codes = [heap.address_of(int(sv)) for sv in heap.codes.sv]
    assert {line[0] for code in codes if (line := targets.address(code))} >= {http}
    assert targets.address(heap.roots[0].sv) is None
    assert targets.address(1) is None


@pytest.mark.parametrize(
    ("is_terminal", "environment", "wanted"),
    [
        (True, {"TERM": "xterm-kitty"}, True),
        (True, {"TERM": "xterm-256color", "VTE_VERSION": "7002"}, True),
        (True, {"TERM": "xterm-256color", "VTE_VERSION": "5000"}, False),
        (True, {"TERM": "xterm-256color", "VTE_VERSION": "new"}, False),
        (True, {"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        (True, {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        (True, {"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        (True, {"TERM": "xterm-256color"}, False),
        (True, {"TERM": "dumb", "TERM_PROGRAM": "vscode"}, False),
        (True, {"TERM": "screen-256color", "VTE_VERSION": "7002"}, False),
        (True, {"TERM": "tmux-256color", "FORCE_HYPERLINK": "1"}, True),
        (True, {"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, False),
        (False, {"TERM": "xterm-kitty"}, False),
        (False, {"FORCE_HYPERLINK": "1"}, True),
        (True, {}, False),
    ],
)
def test_links_are_for_terminals_that_have_them(is_terminal: bool, environment: dict[str, str], wanted: bool) -> None:
    assert wants_links(is_terminal, environment) == wanted
