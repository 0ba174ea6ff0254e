"""Programs whose truth is known, and what must be said of each: `tests/programs/cases`.

A case is run in a copy of its folder, which makes its dump; what it prints is `out.txt`, and proves what the table
below says of it, whatever a reader of dumps finds. `judge` compares the reports with the table.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pmat_lsp.cli.main import main
from pmat_lsp.session import Dump
from tests.cures.running import Run, make, run
from tests.dumps import ROOT

CASES_FOLDER = ROOT / "tests" / "programs" / "cases"
ANY = frozenset({"safe", "review", "none"})
NOT_SAFE = frozenset({"review", "none"})
REVIEW = frozenset({"review"})


@dataclass(frozen=True)
class Case:
    """What is true of a program. Texts are regular expressions, with the names of the program as it is written."""

    modules: str = ""
    """What it needs besides Devel::MAT::Dumper."""
    leaked: int = 0
    """Islands that nothing alive can reach."""
    self_held: int = 0
    """Islands that keep themselves alive, and that a weak reference from something alive leads to."""
    unexplained: int = 0
    """Objects of the program's own classes that are lost, with a count that nothing explains."""
    findings: int | None = None
    """Findings that are leaks, each with a place of its own; None: not told."""
    place: str = ".*"
    """File and line of the mark of each leak."""
    advice: str = ""
    """Found in the advice on each leak."""
    never: str = r"(?!)"
    """Found in no advice."""
    no_current_sub: str = r"(?!)"
    """Places where the advice must not be `__SUB__`, since the variable is not used in that very sub."""
    current_sub: str = r"(?!)"
    """Places where it is."""
    fixes: frozenset[str] = ANY
    """The best fix of each leak is one of these."""
    reason: str = ""
    """Found in why a fix needs a review."""
    breaks: bool = False
    """Each fix that can be offered would change what the program prints."""
    reach: str = ""
    """Found in the section on what is self-held: by what it can still be reached."""


def _escape(line: int, modules: str = "") -> Case:
    """Five objects whose callback is used after they are gone."""
    return Case(modules, leaked=5, findings=1, place=rf"lib/O\.pm:{line}", fixes=REVIEW, breaks=True)


CASES = {
    "anyevent_handles": Case("AnyEvent::Handle", self_held=5, reach=r"AnyEvent"),
    "anyevent_timers": Case("AnyEvent", self_held=11),
    "dbi_handle_error": Case("DBD::SQLite", leaked=10, findings=1, place=r"prog\.pl:3"),
    "escape_deleted_and_returned": _escape(2),
    "escape_generated_accessor": _escape(2, "Class::Accessor"),
    "escape_getter": _escape(2),
    "escape_hash_copied": _escape(2),
    "escape_key_by_name": _escape(3),
    "escape_nested_key": _escape(2),
    "escape_string_eval": _escape(2),
    "escape_wrapped": _escape(2),
    "fieldhash": Case(),
    "future_aa": Case("Future::AsyncAwait IO::Async::Loop", self_held=3),
    "future_pure": Case("Future", self_held=1),
    "future_undef": Case("Future", self_held=1),
    "moo_role": Case("Moo", leaked=20, findings=1, place=r"lib/Order/Role\.pm:3"),
    "mutual_subs": Case(
        leaked=20, findings=1, place=r"prog\.pl:[78]", advice=r"\$even|\$odd", never="__SUB__", fixes=NOT_SAFE
    ),
    "name_order": Case(
        leaked=20,
        findings=1,
        place=r"prog\.pl:3",
        advice=r"weaken\( *\$\w+->\{shop\} *\)",
        never=r"weaken\( *\$\w+->\{fixer\} *\)",
        fixes=NOT_SAFE,
    ),
    "plack_rewrap": Case(
        "Plack::Builder Plack::Test HTTP::Request::Common",
        leaked=20,
        findings=1,
        place=r"prog\.pl:11",
        advice=r"(?=.*\$app)(?=.*assigned again)(?=.*copy)",
        fixes=NOT_SAFE,
    ),
    "self_hold": Case(self_held=3, reach=r"\$weak"),
    "self_owned_connections": Case(self_held=5, breaks=True),
    "sub_variants": Case(
        leaked=120,
        findings=12,
        place=r"prog\.pl:([2-8]|1[0-4])",
        no_current_sub=r"prog\.pl:(8|10|11)",
        current_sub=r"prog\.pl:[2357]",
    ),
    "tied_self": Case(leaked=30, place=r"prog\.pl:[46]"),
    "weak_registry": Case(self_held=20, reach=r"%Session::BY_ID"),
    "weakly_needed_job": Case(leaked=5, findings=1, place=r"lib/App\.pm:8", fixes=REVIEW, reason=r"weak", breaks=True),
}

NEVER_VALID = r"weaken\( *(my \$\w+ *= *)?[@%]"
"""Arrays and hashes cannot be weakened."""


@dataclass(frozen=True)
class Renaming:
    """Other names for the classes of a program, in the reverse order of the alphabet, before or after all others."""

    names: dict[str, str]

    @staticmethod
    def of(folder: Path, prefix: str) -> Renaming:
        """For all packages of a program."""
        packages = sorted({name for path in sources_of(folder) for name in packages_of(path)}, reverse=True)
        return Renaming({name: f"{prefix}{i}{name.replace('::', '')}" for i, name in enumerate(packages)})

    def text(self, text: str) -> str:
        """A text with the other names."""
        if not self.names:
            return text
        longest_first = sorted(self.names, key=len, reverse=True)
        name = re.compile(rf"(?<![\w:])(?:{'|'.join(longest_first)})(?!\w|::\w*[A-Z]\w*(?:::|->|;))")
        return name.sub(lambda found: self.names[found[0]], text)

    def path(self, path: str) -> str:
        """Of a module's file, as a path or in a regular expression."""
        for old, new in self.names.items():
            path = re.sub(rf"lib/{old.replace('::', '/')}(?=\\?\.pm)", f"lib/{new}", path)
        return path

    def rename(self, folder: Path) -> None:
        """The packages of the program in `folder`, and the files that are named after them."""
        for path in sources_of(folder):
            text = self.text(path.read_text(encoding="utf-8"))
            path.unlink()
            (folder / self.path(path.relative_to(folder).as_posix())).write_text(text, encoding="utf-8")


def sources_of(folder: Path) -> list[Path]:
    """The files of a program."""
    return sorted(folder.rglob("*.p[lm]"))


def packages_of(path: Path) -> set[str]:
    """The packages that a file declares, without `main`."""
    return set(re.findall(r"\bpackage\s+([\w:]+)", path.read_text(encoding="utf-8"))) - {"main"}


@dataclass
class Ran:
    """A case that was run."""

    folder: Path
    output: str
    expected: str
    """What it should print."""
    dump: Dump
    renaming: Renaming


def run_case(name: str, folder: Path, prefix: str = "") -> Ran:
    """Run a case in the empty `folder`; with a `prefix`, under other names."""
    shutil.copytree(CASES_FOLDER / name, folder, dirs_exist_ok=True)
    renaming = Renaming.of(folder, prefix) if prefix else Renaming({})
    renaming.rename(folder)
    ran: Run = run(folder / "prog.pl")
    expected = renaming.text((folder / "out.txt").read_text(encoding="utf-8"))
    return Ran(folder, ran.output, expected, ran.dump, renaming)


@dataclass(frozen=True)
class Block:
    """One finding of the report, as a person reads it."""

    text: str

    @property
    def place(self) -> str | None:
        """File and line of the mark; None where it has none."""
        found = re.search(r"^ *--> ([^\n]+):(\d+):\d+$", self.text, re.MULTILINE)
        return f"{found[1]}:{found[2]}" if found else None

    @property
    def advice(self) -> str:
        """What it says after `help`, in one line."""
        found = re.search(r"^ *= help +(.*?)(?=^ *= |^$|\Z)", self.text, re.MULTILINE | re.DOTALL)
        return " ".join(found[1].split()) if found else ""


@dataclass(frozen=True)
class Report:
    """What `pmat-lsp leaks` says, as text and as JSON."""

    text: str
    json: dict[str, Any]
    status: int

    def blocks(self, heading: str) -> list[Block]:
        """The findings whose heading begins so: `leak[`."""
        parts = re.split(r"^(?=\w+\[[\w-]+\]: |suspected: )", self.text, flags=re.MULTILINE)
        return [Block(part) for part in parts if part.startswith(heading)]


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """With `folder` as the current directory, in which sources are looked for."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def command(*arguments: str) -> tuple[int, str]:
    """The exit status of a command, and what it prints."""
    with redirect_stdout(io.StringIO()) as out:
        status = main(list(arguments))
    return status, out.getvalue()


def report_of(ran: Ran) -> Report:
    """Of the dump of a case."""
    with standing_in(ran.folder):
        status, text = command("leaks", ran.dump.path.name)
        return Report(text, json.loads(command("leaks", ran.dump.path.name, "--json")[1]), status)


Judge = Callable[[Case, Ran, Report], Iterator[str]]
"""Yields a sentence for everything that is not as the table says."""


def truth(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """The program does what is said of it."""
    if ran.output != ran.expected:
        yield f"it prints {ran.output!r} instead of {ran.expected!r}"


def verdicts(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """How many islands leaked, how many are held by themselves, how many objects are unexplained."""
    told = ran.dump.leaks.report
    if (count := sum(finding.count for finding in told.findings)) != case.leaked:
        yield f"{count} islands leaked instead of {case.leaked}"
    if (count := sum(finding.count for finding in told.self_held)) != case.self_held:
        yield f"{count} islands are self-held instead of {case.self_held}"
    if (count := len(unexplained_objects(ran.dump, ran.folder))) != case.unexplained:
        yield f"{count} objects are unexplained instead of {case.unexplained}"
    if case.findings is not None and len(told.findings) != case.findings:
        yield f"{len(told.findings)} findings instead of {case.findings}"
    if report.status != (1 if case.leaked else 0):
        yield f"exit status {report.status}"


def keys(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """The JSON says the same, and the verdict of each finding."""
    for key, verdict, islands in (("findings", "leaked", case.leaked), ("self_held", "self-held", case.self_held)):
        findings = report.json.get(key, [])
        if sum(finding["count"] for finding in findings) != islands:
            yield f"{key}: not {islands} islands"
        for finding in findings:
            if (finding.get("verdict"), finding["proven"]) != (verdict, verdict == "leaked"):
                yield f"{key}: verdict {finding.get('verdict')!r}, proven {finding['proven']}"
    if bool(report.json["checked"].get("self_held")) != bool(case.self_held):
        yield f"checked.self_held is {report.json['checked'].get('self_held')}"


def place(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """Each leak is marked at its own place."""
    wanted = ran.renaming.path(case.place)
    places = [block.place for block in report.blocks("leak[")]
    for found in places:
        if found is None or not re.fullmatch(wanted, found):
            yield f"marked at {found} instead of {wanted}"
    if case.findings is not None and len(set(places)) != case.findings:
        yield f"{len(set(places))} places of {case.findings} findings"


def advice(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """The advice is right, and would not do harm."""
    for block in report.blocks("leak["):
        told, at = block.advice, block.place or ""
        if not told:
            yield f"no advice at {at}"
        for wrong in (case.never, NEVER_VALID):
            if re.search(wrong, told):
                yield f"advice at {at} is wrong: {told}"
        if not re.search(case.advice, told):
            yield f"advice at {at} lacks {case.advice}: {told}"
        if "__SUB__" in told and re.fullmatch(case.no_current_sub, at):
            yield f"__SUB__ at {at} would be another sub: {told}"
        if "__SUB__" not in told and re.fullmatch(case.current_sub, at):
            yield f"no __SUB__ at {at}: {told}"


def reach(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """What is self-held is told apart, with what can still reach it."""
    blocks = report.blocks("note[self-held]")
    if bool(blocks) != bool(case.self_held):
        yield f"{len(blocks)} sections on what is self-held"
    for block in blocks:
        if "can never be freed" in block.text:
            yield f"said of what is self-held: {block.text}"
        if not re.search(ran.renaming.text(case.reach), block.text):
            yield f"not told how it is reached: {block.text}"


def commands(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """Every command that is recommended exists."""
    with standing_in(ran.folder):
        texts = [
            report.text,
            *(command(*line, ran.dump.path.name)[1] for line in (["leaks", "--unexplained"], ["fix"])),
        ]
    for text in texts:
        # A reason names subs and expressions of the program.
        yield from unknown_commands(re.sub(r"(?ms)(?:review|no fix): .*?(?=^ +leak\[)", "", text))


def unknown_commands(text: str) -> list[str]:
    """Of the commands in a text, those that do not exist, or have an option that they do not take.

    A command stands between backticks, with or without the name of the program; an option of `leaks` in parentheses.
    """
    snippets = re.findall(r"`(?:pmat-lsp )?([a-z][a-z-]*(?: +(?:-[\w-]+|[A-Z_]+|[^\s`]+\.pmat))*)(?: [^`]*)?`", text)
    snippets += re.findall(r"^ *pmat-lsp ([^\n]+)", text, re.MULTILINE)
    snippets += [f"leaks {option}" for option in re.findall(r"\((--[a-z-]+)\)", text)]
    wrong = []
    for snippet in snippets:
        name, *arguments = snippet.split()
        if name in PERL_WORDS:
            continue
        known = options_of(name) if name in command_names() else None
        if known is None or not {word for word in arguments if word.startswith("--")} <= known:
            wrong.append(f"no such command: {snippet}")
    return wrong


PERL_WORDS = frozenset({"bless", "delete", "local", "my", "our", "require", "tie", "undef", "untie", "use", "weaken"})
"""What a snippet between backticks may begin with and is no command of ours."""


@cache
def command_names() -> frozenset[str]:
    """What `pmat-lsp --help` lists."""
    return frozenset(re.findall(r"^ {4}([a-z][a-z-]+)(?= |$)", _help(), re.MULTILINE))


@cache
def options_of(name: str) -> frozenset[str]:
    """What `pmat-lsp NAME --help` lists."""
    return frozenset(re.findall(r"--[a-z][a-z-]+", _help(name)))


def _help(*arguments: str) -> str:
    with redirect_stdout(io.StringIO()) as out, suppress(SystemExit):
        main([*arguments, "--help"])
    return out.getvalue()


def fixes(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """The fixes that are offered are as safe as the table says, and say why they are not."""
    for marked in ran.dump.marked:
        cures = ran.dump.cures(marked)
        best = cures[0].safety.value if cures else "none"
        if best not in case.fixes:
            yield f"the best fix is {best}: {[cure.title for cure in cures]}"
        for cure in cures:
            if not cure.is_safe and not re.search(case.reason or ".", cure.reason):
                yield f"the reason for a review lacks {case.reason}: {cure.reason}"


def written(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """What `fix --write` writes takes leaks away, and changes nothing that the program prints."""
    before = texts_of(ran.folder)
    with standing_in(ran.folder):
        _, told = command("fix", ran.dump.path.name, "--write")
    if texts_of(ran.folder) == before:
        return
    try:
        again = run(ran.folder / "prog.pl")
    except AssertionError as failed:
        yield f"after `fix --write` it fails with {failed}: {told}"
    else:
        if again.output != ran.output:
            yield f"after `fix --write` it prints {again.output!r}: {told}"
        left = sum(finding.count for finding in again.findings)
        if left >= case.leaked:
            yield f"after `fix --write` {left} islands leak: {told}"
    finally:
        restore(before)


def broken(case: Case, ran: Ran, report: Report) -> Iterator[str]:
    """The fixes that change what a program does are those of which the table says so."""
    if not case.breaks:
        return
    before = texts_of(ran.folder)
    for cure in [cure for marked in ran.dump.marked for cure in ran.dump.cures(marked)]:
        make(cure)
        try:
            again = run(ran.folder / "prog.pl")
        except AssertionError:
            continue
        finally:
            restore(before)
        if again.output == ran.output:
            yield f"the program prints the same after {cure.title}"


JUDGES: tuple[Judge, ...] = (truth, verdicts, keys, place, advice, reach, commands, fixes, written, broken)


def judge(case: Case, ran: Ran) -> dict[str, list[str]]:
    """What is not as the table says, by the name of the judge that found it."""
    report = report_of(ran)
    wrong = {one.__name__: list(one(case, ran, report)) for one in JUDGES}
    return {name: sentences for name, sentences in wrong.items() if sentences}


def unexplained_objects(dump: Dump, folder: Path) -> list[str]:
    """The classes of the objects that are unexplained, of those that the program in `folder` declares."""
    heap, own = dump.heap, {name for path in sources_of(folder) for name in packages_of(path)}
    lost = np.flatnonzero(dump.ownership.unexplained & (heap.blessed[: heap.n] >= 0))
    return [name for name in (heap.class_of(int(sv)) for sv in lost) if name in own]


def texts_of(folder: Path) -> dict[Path, str]:
    """The sources of a program."""
    return {path: path.read_text(encoding="utf-8") for path in sources_of(folder)}


def restore(texts: dict[Path, str]) -> None:
    """Write the sources again as they were."""
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
