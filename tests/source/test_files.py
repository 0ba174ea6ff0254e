"""Which file a recorded name stands for, and which it must never stand for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.errors import PmatError
from pmat_lsp.source import files
from pmat_lsp.source.files import SourceFiles, read_source


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1;\n")


def check(
    root: Path,
    recorded: str,
    expected: str | None,
    *,
    path_map: Sequence[tuple[str, str]] = (),
    inc_files: Mapping[str, str] | None = None,
    inc_dirs: Sequence[str] = (),
    script: str | None = None,
) -> None:
    located = SourceFiles([root], path_map, inc_files, inc_dirs, script).locate(recorded)
    assert located.path == (None if expected is None else root / expected)
    assert located.how


def test_a_mapping_comes_first(tmp_path: Path) -> None:
    make(tmp_path, "new/lib/X.pm", "lib/X.pm")
    check(tmp_path, "/srv/app/lib/X.pm", "new/lib/X.pm", path_map=[("/srv/app", str(tmp_path / "new"))])


def test_a_mapping_matches_whole_names_of_folders(tmp_path: Path) -> None:
    make(tmp_path, "new/lication/X.pm")
    check(tmp_path, "/srv/application/Y.pm", None, path_map=[("/srv/app", str(tmp_path / "new"))])


def test_the_recorded_path_itself_where_it_lies_in_a_source_root_or_where_a_path_is_mapped_to(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/X.pm", "root/Y.pm")
    recorded = str(tmp_path / "elsewhere" / "X.pm")
    check(tmp_path, recorded, "elsewhere/X.pm")
    mapped = SourceFiles([tmp_path / "root"], [("/srv", str(tmp_path / "elsewhere"))]).locate(recorded)
    assert mapped.path == Path(recorded)


def test_a_file_that_only_the_dump_names_is_told_and_not_taken(tmp_path: Path) -> None:
    make(tmp_path, "app/lib/Net/X.pm", "app/run.pl", "root/Y.pm")
    lib = str(tmp_path / "app" / "lib")
    files = SourceFiles([tmp_path / "root"], inc_files={"Net/X.pm": f"{lib}/Net/X.pm"})
    module, script = files.locate(f"{lib}/Net/X.pm"), files.locate(str(tmp_path / "app" / "run.pl"))
    assert (module.path, module.candidates, script.path) == (None, (), None)
    assert module.how == f"source at {lib}/Net/X.pm, outside of the source roots; add `--source-root {lib}`"
    assert script.how.endswith(f"add `--source-root {tmp_path / 'app'}`")


def test_a_library_of_the_local_perl_may_be_read_but_no_link_out_of_it(tmp_path: Path) -> None:
    make(tmp_path, "perl5/Moo.pm", "secret/Key.pm")
    (tmp_path / "perl5" / "Key.pm").symlink_to(tmp_path / "secret" / "Key.pm")
    files = SourceFiles([], libraries=lambda: [tmp_path / "perl5"])
    assert files.locate(str(tmp_path / "perl5" / "Moo.pm")).path == tmp_path / "perl5" / "Moo.pm"
    assert files.locate(str(tmp_path / "perl5" / "Key.pm")).path is None
    assert files.locate(str(tmp_path / "perl5" / ".." / "secret" / "Key.pm")).path is None


def test_the_workspace_comes_before_a_library(tmp_path: Path) -> None:
    make(tmp_path, "perl5/Net/X.pm", "root/lib/Net/X.pm")
    recorded = str(tmp_path / "perl5" / "Net" / "X.pm")
    files = SourceFiles([tmp_path / "root"], inc_files={"Net/X.pm": recorded}, libraries=lambda: [tmp_path / "perl5"])
    assert files.locate(recorded).path == tmp_path / "root" / "lib" / "Net" / "X.pm"


def test_a_link_in_a_root_to_a_file_outside_is_not_read_by_its_recorded_name(tmp_path: Path) -> None:
    make(tmp_path, "secret/X.pm", "root/Y.pm")
    (tmp_path / "root" / "X.pm").symlink_to(tmp_path / "secret" / "X.pm")
    check(tmp_path / "root", str(tmp_path / "root" / "X.pm"), None)


def test_relative_to_a_root(tmp_path: Path) -> None:
    make(tmp_path, "lib/X.pm", "other/lib/X.pm")
    check(tmp_path, "lib/X.pm", "lib/X.pm")
    check(tmp_path, "./lib/X.pm", "lib/X.pm")


@pytest.mark.parametrize("folder", ["", "lib/", "blib/lib/", "local/lib/perl5/", "app/perl/"])
def test_a_module_by_its_name_in_inc(tmp_path: Path, folder: str) -> None:
    make(tmp_path, folder + "Net/X.pm", "t/old/Net/X.pm")
    recorded = "/srv/app/perl/Net/X.pm"
    check(tmp_path, recorded, folder + "Net/X.pm", inc_files={"Net/X.pm": recorded}, inc_dirs=["/srv/app/perl"])


def test_relative_to_the_script(tmp_path: Path) -> None:
    make(tmp_path, "bin/lib/X.pm", "lib2/X.pm")
    check(tmp_path, "lib/X.pm", "bin/lib/X.pm", script="bin/run.pl")


def test_the_only_file_that_ends_alike(tmp_path: Path) -> None:
    make(tmp_path, "deep/lib/Net/X.pm", "deep/other/X.pm")
    check(tmp_path, "/build/lib/Net/X.pm", "deep/lib/Net/X.pm")
    check(tmp_path, "/srv/app/bin/../lib/Net/X.pm", "deep/lib/Net/X.pm")


def test_a_module_is_not_taken_for_one_of_another_name(tmp_path: Path) -> None:
    make(tmp_path, "deep/Other/X.pm")
    check(tmp_path, "/build/lib/Net/X.pm", None, inc_files={"Net/X.pm": "/build/lib/Net/X.pm"})


def test_scripts_without_a_suffix_are_known_by_their_first_line(tmp_path: Path) -> None:
    make(tmp_path, "a/tool", "b/other")
    (tmp_path / "a" / "tool").write_text("#!/usr/bin/perl\n1;\n")
    check(tmp_path, "/opt/tool", "a/tool")
    check(tmp_path, "/opt/other", None)


def test_two_equal_matches_are_both_named_and_none_is_taken(tmp_path: Path) -> None:
    make(tmp_path, "one/Net/X.pm", "two/Net/X.pm", ".git/Net/X.pm")
    located = SourceFiles([tmp_path]).locate("/build/Net/X.pm")
    assert located.path is None
    assert located.candidates == (tmp_path / "one/Net/X.pm", tmp_path / "two/Net/X.pm")
    assert "2 files match" in located.how


def test_a_cut_index_takes_nothing_for_unique(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/X.pm", "b/Y.pm", "c/X.pm")
    monkeypatch.setattr(files, "LARGEST_INDEX", 2)
    check(tmp_path, "/build/X.pm", None)


def test_loops_of_links_end(tmp_path: Path) -> None:
    make(tmp_path, "a/X.pm")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    check(tmp_path, "/build/X.pm", "a/X.pm")


@pytest.mark.parametrize("recorded", ["(eval 12)", "(eval 7)[app.pl:3]", "-e", "-"])
def test_code_that_came_from_no_file(tmp_path: Path, recorded: str) -> None:
    make(tmp_path, "-e", "-")
    check(tmp_path, recorded, None)
    assert SourceFiles([tmp_path]).locate(recorded).how.startswith("code ")


@pytest.mark.parametrize(
    "recorded", ["../secret.pl", "lib/../../secret.pl", "./../secret.pl", "a/../../top/../secret.pl"]
)
def test_a_relative_name_never_leaves_the_roots(tmp_path: Path, recorded: str) -> None:
    root = tmp_path / "root"
    make(tmp_path, "secret.pl", "root/lib/X.pm", "root/bin/run.pl")
    check(root, recorded, None, script=str(root / "bin" / "run.pl"), inc_files={recorded: recorded})


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "secret/X.pm", "root/Y.pm")
    (tmp_path / "root" / "lib").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "X.pm").symlink_to(tmp_path / "secret" / "X.pm")
    check(tmp_path / "root", "lib/X.pm", None)
    check(tmp_path / "root", "/build/X.pm", None)


@pytest.mark.parametrize(
    "recorded", ["", "\0", "a\0b.pl", "x" * 100_000, "/" * 5000, "\udcff.pl", "/proc/kmsg", "/dev/zero"]
)
def test_hostile_names_are_answered(tmp_path: Path, recorded: str) -> None:
    check(tmp_path, recorded, None, inc_files={recorded: recorded}, inc_dirs=[recorded], script=recorded)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab./\\\0(:~\udcff é"), max_size=30))
def test_no_name_makes_it_raise(recorded: str) -> None:
    SourceFiles(
        [Path(__file__).parent / "data"], [(recorded, recorded)], {recorded: recorded}, [recorded], recorded
    ).locate(recorded)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"my $x;\r\n", "my $x;\r\n"),
        ("é\n".encode(), "é\n"),
        (b"\xef\xbb\xbf1;", "1;"),
        (b"\xe9\n", "é\n"),
    ],
)
def test_reading_keeps_line_ends_and_knows_encodings(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "x.pl").write_bytes(data)
    assert read_source(tmp_path / "x.pl") == text


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.pl").write_text("12345678901")
    with pytest.raises(PmatError, match="cannot be read"):
        read_source(tmp_path / "none.pl")
    monkeypatch.setattr(files, "LARGEST_SOURCE", 10)
    with pytest.raises(PmatError, match="larger than"):
        read_source(tmp_path / "x.pl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_fifo_is_neither_found_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Hub.pm")
    check(tmp_path, "/srv/app/lib/Hub.pm", None)
    with pytest.raises(PmatError, match="not a regular file"):
        read_source(tmp_path / "Hub.pm")


@pytest.mark.parametrize("recorded", ["//host/share/Hub.pm", r"\\host\share\Hub.pm"])
def test_no_file_of_another_machine_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: str
) -> None:
    asked: list[str] = []

    def noting(function: Callable[[Path], object]) -> Callable[[Path], object]:
        def noted(path: Path) -> object:
            asked.append(str(path))
            return function(path)

        return noted

    for name in ("_is_file", "_resolved"):
        monkeypatch.setattr(files, name, noting(getattr(files, name)))
    check(tmp_path, recorded, None)
    assert [path for path in asked if "host" in path] == []


def test_what_may_be_changed_lies_in_a_folder_of_the_user_or_is_named(tmp_path: Path) -> None:
    make(tmp_path, "app/lib/X.pm", "perl/Y.pm", "perl/Z.pm")
    (tmp_path / "app" / "Link.pm").symlink_to(tmp_path / "perl" / "Y.pm")
    found = SourceFiles([tmp_path / "app"], editable=[tmp_path / "perl" / "Z.pm"])
    may = [found.may_edit(tmp_path / name) for name in ("app/lib/X.pm", "perl/Y.pm", "app/Link.pm", "perl/Z.pm")]
    assert may == [True, False, False, True]
