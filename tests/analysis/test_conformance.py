"""The commands that Devel::MAT has too say what it says, over the big corpus of dumps.

What is compared: the lines of each answer as a multiset (a set for `identify`), since the reference leaves their order
to perl's hashes. `_NORMALISED` and the functions below it take away what `docs/differences.md` lists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.text import Text

from pmat_lsp.analysis.all_sizes import structure_sizes
from pmat_lsp.analysis.callers import callers_tree
from pmat_lsp.analysis.contents import elements_table, values_table
from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.dangling import dangling_table
from pmat_lsp.analysis.find import find_table
from pmat_lsp.analysis.identify import IdentifyOptions, identify_tree
from pmat_lsp.analysis.largest import Measure, by_itself, by_owned, largest_tree
from pmat_lsp.analysis.neighbours import inrefs_table, outrefs_table
from pmat_lsp.analysis.roots import roots_table
from pmat_lsp.analysis.show import ShowOptions, show_table
from pmat_lsp.analysis.stack import stack_table
from pmat_lsp.analysis.summary import summary_table
from pmat_lsp.analysis.symbols import packages_table, symbols_table
from pmat_lsp.catalogue.filters import parse_filters
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind, ScalarFlag, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import ALL, DIRECT
from pmat_lsp.render.identify_text import identify_text
from pmat_lsp.render.listing_text import (
    callers_text,
    elements_text,
    packages_text,
    stack_text,
    symbols_text,
    values_text,
)
from pmat_lsp.render.reference_text import (
    count_text,
    dangling_text,
    found_text,
    largest_text,
    references_text,
    roots_text,
    summary_text,
)
from pmat_lsp.render.show_text import show_text
from tests.dumps import CORPUS, corpus_dumps, heap_of, needs_corpus

FLOOR = 0.995
"""Of each command on the dumps of each perl; what was measured is above it."""
_NORMALISED: tuple[tuple[str, str], ...] = (
    # Columns are as wide as the widest cell, and the reference has 30 rows to a page.
    (r" {2,}", "  "),
    (r" +$", ""),
    # It swaps IV and UV.
    (r"\b[UI]V\b", "INTEGER"),
    # A key of the string table counts once there, with and without UTF-8.
    (r"HASH\(\d+\)(?= at 0x\w+=strtab)", "HASH()"),
    # An SV that is two roots has either name, by the order of a hash.
    (r"(?<=\d|[a-f])=(last_in_gv|statgv|argvgv|defoutgv|curstash|defstash|debstash)\b", ""),
    # It drops the NUL that is the type of a `sv` magic.
    (r"'(\^@)?' magic", "'' magic"),
    # It picks one entry of a hash at random.
    (r"= \{.*", "= {"),
    # It leaves the closing quote of a glob open.
    (r"(the glob '.*)[\"']$", r"\1'"),
    # A sub in several globs has the name of any of them.
    (r"the symbol '&.*'", "the symbol '&'"),
    (r"^ +named as &.*", " named as &"),
    # It does not find the pad of a recursion that is over.
    (r"at depth \d* of", "at depth of"),
    # It does not say of each slot of a pad that it is for a glob or constant of ops.
    (r"^( *\[) *(\d+) (GLOB|CONST)? *\]", r"\1\2 ]"),
    (r"^( *\[) *(\d+)/(.*?) *\]=", r"\1\2/\3]="),
    # It loses the sign of a zero, and reads on behind a character that the dumper has cut.
    (r"= -0$", "= 0"),
    (r'\\x\{(?:0|fffd)\}"$', '"'),
    # It tells the line of its own program.
    (r"^EXCEPTION: main has no symbol .*", "no such package"),
)
_OTHERWISE = {("o_async_structs.pmat.xz", "largest_--owned")}
"""Answers that are left out: the reference counts an SV again that it comes to by a second way (see `test_sizes`)."""
_DRAWING = re.compile(r"^[ │]*(?:[├└]─)?|(?<=which is) \(\*\w+\)")
Lines = Counter[str]


@dataclass(frozen=True)
class Command:
    """A command, and how the lines of the two answers are compared."""

    file: str
    """Of its answers in the corpus, without `.txt`; `sv_` before it where it is about SVs."""
    answer: Callable[[Heap, int], Text]
    comparable: Callable[[Lines], Lines] = lambda lines: lines


def _without(pattern: str) -> Callable[[Lines], Lines]:
    compiled = re.compile(pattern)
    return lambda lines: Counter({line: count for line, count in lines.items() if not compiled.search(line)})


def _outrefs(lines: Lines) -> Lines:
    """Without the glob of a CODE: the reference tells any that holds it. Nor inherited fields: it has none."""
    return _without(r"^[sw]  the glob  |^[si]  the \[\d+\] field")(lines)


def _strong_outrefs(lines: Lines) -> Lines:
    """Nor saved values, which the reference tells whatever is asked for."""
    return _without(r"^~")(_outrefs(lines))


def _inrefs(lines: Lines) -> Lines:
    """Nor what a hash refers to by way of a reference: the reference loses it."""
    return _without(r"^[sw]  the glob  |^i  value .* via RV  ")(lines)


def _shown(lines: Lines) -> Lines:
    """Without addresses of shared keys, which only newer versions tell, and inherited fields; globs in order."""
    kept = _without(r"^ +name_hek=|^ +SHARED_HEK=|^ +(no )?glob\b|^EXCEPTION|^ +\[\d+\]=")(lines)
    return Counter(", ".join(sorted(line.strip(" ,").split(", "))) for line in kept.elements())


def _counts(lines: Lines) -> Lines:
    """Without undef scalars, which the reference has among the scalars before 0.56."""
    return _without(r"^ +(SCALAR|UNDEF|Kind|-+)  |^ +-")(lines)


def _counts_without_numbers(lines: Lines) -> Lines:
    """Nor any scalars, where the reference takes some for undef."""
    return _without(r"^ +(SCALAR|UNDEF)\(")(_counts(lines))


def _codes(lines: Lines) -> Lines:
    """Without the names of subs: see `test_find`."""
    return Counter(re.sub(r"(?<=[0-9a-f]): (&.*|__ANON__)$", "", line) for line in lines.elements())


def _dangling(lines: Lines) -> Lines:
    """Without the error with which the reference ends, and the first value of a hash again; it knows no LVALUEs."""
    return _without(r"^EXCEPTION|^LVALUE| has no values SV ")(lines)


def _sizes(lines: Lines) -> Lines:
    """Without the SVs: which of several of the same size are told depends on a heap of the reference's."""
    return Counter(re.sub(r"[A-Z].*?: (?=[\d.]+ \w+)", "", line) for line in lines.elements())


def _owned_sizes(lines: Lines) -> Lines:
    """Nor what is left over, which depends on the SVs that are told."""
    return _sizes(_without(r"^[ |]*others: ")(lines))


def _find(*words: str) -> Callable[[Heap, int], Text]:
    filters = parse_filters(words)
    return lambda heap, _: found_text(find_table(heap, filters))


def _largest(measure: Callable[[Heap], Measure], *counts: int) -> Callable[[Heap, int], Text]:
    return lambda heap, _: largest_text(largest_tree(heap, measure(heap), counts))


def _without_pages(lines: Lines) -> Lines:
    """Without the ends of pages; the reference aligns each by itself."""
    kept = _without(r"^ +\.\.\. \(\d+ more\)$")(lines)
    return Counter(re.sub(r"([]}]) +", r"\1 ", line) for line in kept.elements())


def _symbols_below(heap: Heap, package: str) -> Text:
    try:
        return symbols_text(symbols_table(heap, package, recurse=True))
    except PmatError:
        return Text("no such package")


COMMANDS = (
    Command("summary", lambda heap, _: summary_text(summary_table(heap))),
    Command("count", lambda heap, _: count_text(count_table(heap, CountOptions())), _counts),
    Command("count_--blessed", lambda heap, _: count_text(count_table(heap, CountOptions(by_class=True))), _counts),
    Command("count_--scalars", lambda heap, _: count_text(count_table(heap, CountOptions(by_fields=True))), _counts),
    Command(
        "count_--struct",
        lambda heap, _: count_text(count_table(heap, CountOptions(sizes=structure_sizes(heap)))),
        _counts,
    ),
    Command("find_blessed_Net::Conn", _find("blessed", "Net::Conn")),
    Command("find_cv", _find("cv"), _codes),
    Command("find_cv_--xsub", _find("cv", "--xsub"), _codes),
    Command("find_io", _find("io")),
    Command("find_lexical_$frame", _find("lexical", "$frame")),
    Command("find_lexical_$self", _find("lexical", "$self")),
    Command("find_lexical_--inactive_$conn", _find("lexical", "--inactive", "$conn")),
    Command("find_lexical_--inactive_$self", _find("lexical", "--inactive", "$self")),
    Command("find_pv_template", _find("pv", "template")),
    Command("largest", _largest(by_itself, 5), _sizes),
    Command("largest_20", _largest(by_itself, 20), _sizes),
    Command("largest_--owned", _largest(by_owned, 5, 3, 2), _owned_sizes),
    Command("list-dangling-ptrs", lambda heap, _: dangling_text(dangling_table(heap)), _dangling),
    Command("roots", lambda heap, _: roots_text(roots_table(heap))),
    Command("sv_outrefs", lambda heap, sv: references_text(outrefs_table(heap, sv, Strength.STRONG)), _strong_outrefs),
    Command("sv_outrefs-all", lambda heap, sv: references_text(outrefs_table(heap, sv, ALL)), _outrefs),
    Command("sv_inrefs", lambda heap, sv: references_text(inrefs_table(heap, sv, Strength.STRONG)), _inrefs),
    Command("sv_inrefs-all", lambda heap, sv: references_text(inrefs_table(heap, sv, ALL)), _inrefs),
    Command("sv_show", lambda heap, sv: show_text(show_table(heap, sv, ShowOptions())), _shown),
    Command("sv_show-pad", lambda heap, sv: show_text(show_table(heap, sv, ShowOptions(pad=True))), _shown),
    Command("sv_identify", lambda heap, sv: identify_text(identify_tree(heap, sv, IdentifyOptions()))),
    Command(
        "sv_identify-weak",
        lambda heap, sv: identify_text(identify_tree(heap, sv, IdentifyOptions(strengths=DIRECT))),
    ),
    Command("callers", lambda heap, _: callers_text(callers_tree(heap))),
    Command("callers_--pad", lambda heap, _: callers_text(callers_tree(heap, pads=True))),
    Command("stack", lambda heap, _: stack_text(stack_table(heap))),
    Command("symbols", lambda heap, _: symbols_text(symbols_table(heap))),
    Command("symbols_--recurse_App", lambda heap, _: _symbols_below(heap, "App")),
    Command("symbols_--recurse_Net", lambda heap, _: _symbols_below(heap, "Net")),
    Command("packages", lambda heap, _: packages_text(packages_table(heap))),
    Command("sv_elems", lambda heap, sv: elements_text(elements_table(heap, sv)), _without_pages),
    Command("sv_values", lambda heap, sv: values_text(values_table(heap, sv)), _without_pages),
)


@needs_corpus
@pytest.mark.parametrize("perl", sorted({path.parent.name for path in corpus_dumps()}))
def test_answers_are_the_references(perl: str) -> None:
    total: Counter[str] = Counter()
    different: dict[str, list[str]] = {}
    for dump in (path for path in corpus_dumps() if path.parent.name == perl):
        heap = heap_of(dump)
        lost = numbers_that_the_reference_loses(heap)
        unseen = lost | values_that_the_reference_does_not_show(heap)
        for command in (one for one in COMMANDS if (dump.name, one.file) not in _OTHERWISE):
            for sv, wanted in answers(dump, command, heap):
                total[command.file] += 1
                found = command.answer(heap, sv).plain
                if not agrees(command, lines_of(wanted, unseen), lines_of(found, unseen), bool(lost)):
                    different.setdefault(command.file, []).append(f"{dump.name} {int(heap.address[sv]):#x}")
    equal = {name: 1 - len(different.get(name, ())) / count for name, count in total.items()}
    print(f"\n{perl}: answers equal to the reference's")
    for name, share in equal.items():
        print(f"  {name:20} {share:7.2%} of {total[name]}")
    assert set(equal) == {command.file for command in COMMANDS}
    assert {name: different[name] for name, share in equal.items() if share < FLOOR} == {}


def answers(dump: Path, command: Command, heap: Heap) -> Iterator[tuple[int, str]]:
    """(SV or 0, what the reference printed) of each run of a command."""
    path = CORPUS / dump.parent.name / dump.name.replace(".pmat.xz", ".expected") / f"{command.file}.txt"
    if not path.exists():
        return
    text = path.read_bytes().decode()
    if not command.file.startswith("sv_"):
        yield 0, text
        return
    for section in re.split(r"^@@ ", text, flags=re.MULTILINE)[1:]:
        head, _, answer = section.partition("\n")
        yield heap.id_at(int(head.rsplit(",", 1)[1], 16)), answer


def agrees(command: Command, wanted: Lines, found: Lines, loses_numbers: bool) -> bool:
    """Whether two answers say the same, but for known differences."""
    if command.file.startswith("sv_identify"):
        return _identifies_alike(wanted, found)
    comparable = _counts_without_numbers if loses_numbers and command.comparable is _counts else command.comparable
    if command.file.startswith("symbols"):
        # The reference leaves out the subs and constants that perl keeps without a glob.
        return wanted <= found and all(line.startswith("&") for line in found - wanted)
    if command.file.startswith("find_lexical"):
        # Of several variables of one name in a sub the reference tells the first.
        told = {line.rsplit(" of ", 1)[1] for line in wanted}
        return wanted <= found and all(line.rsplit(" of ", 1)[1] in told for line in found - wanted)
    if command.file == "sv_elems" and any(line.endswith(" more)") for line in wanted):
        # Only its first page is there.
        return comparable(wanted) <= comparable(found)
    if any(line.startswith("EXCEPTION") for line in wanted) or command.file == "count_--blessed":
        # The reference dies on this kind of SV, after the facts that every kind has; 0.56 has lost the rows of classes.
        return comparable(wanted) <= comparable(found)
    return comparable(wanted) == comparable(found)


def _identifies_alike(wanted: Lines, found: Lines) -> bool:
    """Whether the same references and roots are told; where the reference stops early, at least those."""
    told = [{_DRAWING.sub("", line) for line in lines} for lines in (wanted, found)]
    depth = "not found at this depth"
    notes = {line for lines in told for line in lines if line.startswith(("already found", "itself"))}
    stops = {line for line in told[0] - told[1] if line.startswith("the glob '")}
    reference, ours = (lines - notes - stops - {depth} for lines in told)
    return reference <= ours if stops or depth in told[0] else reference == ours


def lines_of(text: str, unseen: dict[str, str]) -> Lines:
    """The lines of an answer, normalised."""
    # The reference writes the names of symbols as they are; in one there is a line feed.
    lines = text.replace("\r", "\\r").replace("odd name\n", "odd name\\n").split("\n")
    return Counter(_normalised(_encoded_once(line), unseen) for line in lines if line.strip())


def _encoded_once(line: str) -> str:
    """The reference writes the names in a pad as UTF-8 of UTF-8."""
    try:
        return line.encode("latin-1").decode()
    except UnicodeError:
        return line


def _normalised(line: str, unseen: dict[str, str]) -> str:
    for pattern, replacement in _NORMALISED:
        line = re.sub(pattern, replacement, line)
    line = re.sub(
        r"(?:SCALAR|UNDEF)\([A-Z,]*\) at (0x\w+)(?: = .*)?", lambda found: unseen.get(found[1], found[0]), line
    )
    return re.sub(
        r"(?<!-)\b(?:1844674407\d{10}|9223372036854775808)\b", lambda found: str(int(found[0]) - (1 << 64)), line
    )


def numbers_that_the_reference_loses(heap: Heap) -> dict[str, str]:
    """Address → what stands for a scalar whose NV ends in a NUL or blank, which the reference's `unpack` drops."""
    layout = heap.layout
    start = 1 + int(layout.type_sizes[0, 0]) + layout.ptr_size + 1 + layout.uint_size
    svs = heap.ids_of(Kind.SCALAR)
    lost = {}
    for sv in svs[(heap.flags[svs] & ScalarFlag.NV) != 0].tolist():
        at = int(heap.offset[sv]) + start
        raw = heap.data[at : at + layout.nv_size]
        if layout.nv_size == 10 or raw[-1:] in b"\0 \t\n\f\r":
            address = hex(int(heap.address[sv]))
            lost[address] = f"SCALAR at {address}"
    return lost


def values_that_the_reference_does_not_show(heap: Heap) -> dict[str, str]:
    """Address → what stands for a scalar with an unsigned integer, whose value it leaves out behind the SV."""
    svs = heap.ids_of(Kind.SCALAR)
    unsigned = svs[(heap.flags[svs] & ScalarFlag.IS_UV) != 0]
    addresses = (hex(int(address)) for address in heap.address[unsigned])
    return {address: f"SCALAR at {address}" for address in addresses}
