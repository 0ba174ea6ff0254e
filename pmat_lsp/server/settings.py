"""The settings of a client, `pmat.*`: from its initialization options, its configuration, or a change of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from pmat_lsp.errors import PmatError
from pmat_lsp.server.globs import Glob, parse_globs
from pmat_lsp.session import Settings, Shown

SECTION = "pmat"
DEFAULT_DUMPS = ("**/*.pmat{,.gz,.xz,.zst}",)
SEVERITIES = ("error", "warning", "information", "hint")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings as the user wrote them."""

    dump: str | None = None
    """Absolute, or relative to a workspace folder; None: the newest of `dumps`."""
    dumps: tuple[str, ...] = DEFAULT_DUMPS
    """Globs from which the newest dump is chosen; absolute, or relative to every workspace folder."""
    source_roots: tuple[str, ...] = ()
    """Absolute, or relative to a workspace folder; looked through before the workspace's folders."""
    path_map: tuple[tuple[str, str], ...] = ()
    """(prefix where the program ran, prefix here)."""
    severity: str = "warning"
    """One of `SEVERITIES`: of the diagnostic at a leaked closure."""
    self_held_severity: str = "hint"
    """The same where something only holds itself, yet live code can reach it."""
    memory_limit: int | None = None
    """Bytes that reading a dump may take; None: half of the machine's memory."""
    verify_command: str | None = None
    """What runs the program, or its tests, to try a fix: a command line as it is typed; None: none is known."""
    code_lens: bool = False
    """Show a line above each leaked or captured sub and each class with objects."""
    inlay_hints: bool = False
    """Show the same behind the word `sub`."""
    definition: bool = True
    """Answer what a server that knows Perl's syntax may answer, too: where a captured lexical is declared."""
    references: bool = True
    """The same of who captures a lexical, and who holds a sub."""
    redact: bool = False
    """Show no values, and no hash keys that are data, only of what kind and how long they are."""

    def session(self, folders: Sequence[Path]) -> Settings:
        """The settings of the session, with every path absolute."""
        roots = [path for root in self.source_roots for path in _candidates(root, folders) if path.is_dir()]
        shown = Shown.NO_VALUES if self.redact else Shown.NO_SECRETS
        all_roots = tuple(dict.fromkeys([*roots, *folders]))
        return Settings(self.dump, all_roots, self.path_map, self.memory_limit, shown=shown)

    def globs(self, folders: Sequence[Path]) -> list[Glob]:
        """Where dumps are looked for."""
        return [glob for pattern in self.dumps for glob in parse_globs(pattern, folders)]

    def dump_path(self, folders: Sequence[Path]) -> Path | None:
        """The dump that is named, None if none is; of several folders the first one that has it."""
        if self.dump is None:
            return None
        candidates = _candidates(self.dump, folders)
        return next((path for path in candidates if path.exists()), candidates[0])


def read_settings(given: object, before: ServerSettings) -> tuple[ServerSettings, list[str]]:
    """`before` with what is set in `given`: the section itself or an object that holds it; None changes nothing.

    Also returns what is wrong with `given`, one sentence each; a setting that is wrong stays as it was.
    """
    if not isinstance(given, Mapping):
        return before, ([] if given is None else ["pmat: the settings must be an object"])
    section = given.get(SECTION, given)
    if not isinstance(section, Mapping):
        return before, []
    settings, problems = before, []
    for read in _READERS:
        try:
            settings = read(section, settings)
        except PmatError as error:
            problems.append(error.message)
    return settings, problems


def _read_dump(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    value = section.get("dump")
    if value is None:
        return settings
    if not isinstance(value, str):
        raise PmatError("pmat.dump must be a path")
    return replace(settings, dump=value.strip() or None)


def _read_verify_command(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    value = section.get("verifyCommand")
    if value is None:
        return settings
    if not isinstance(value, str):
        raise PmatError("pmat.verifyCommand must be a command line")
    return replace(settings, verify_command=value.strip() or None)


def _read_dumps(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    globs = _texts(section, "dumps", "globs")
    return settings if globs is None else replace(settings, dumps=globs)


def _read_source_roots(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    roots = _texts(section, "sourceRoots", "folders")
    return settings if roots is None else replace(settings, source_roots=roots)


def _texts(section: Mapping[str, object], name: str, of: str) -> tuple[str, ...] | None:
    value = section.get(name)
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise PmatError(f"pmat.{name} must be a list of {of}")
    return tuple(str(text) for text in value if text)


def _read_path_map(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    value = section.get("pathMap")
    if value is None:
        return settings
    pairs = [_pair(entry) for entry in value] if isinstance(value, list | tuple) else [None]
    if None in pairs:
        raise PmatError('pmat.pathMap must be a list of {"from": prefix, "to": prefix}')
    return replace(settings, path_map=tuple(pair for pair in pairs if pair is not None))


def _pair(entry: object) -> tuple[str, str] | None:
    if isinstance(entry, Mapping):
        start, here = entry.get("from"), entry.get("to")
        if isinstance(start, str) and isinstance(here, str):
            return start, here
    return None


def _read_memory_limit(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    value = section.get("memoryLimit")
    if value is None:
        return settings
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise PmatError("pmat.memoryLimit must be a number of megabytes; 0 stands for half of the machine's memory")
    return replace(settings, memory_limit=value << 20 or None)


_Reader: TypeAlias = Callable[[Mapping[str, object], ServerSettings], ServerSettings]


def _severity(name: str, field: str) -> _Reader:
    """Reads `pmat.diagnostics.<name>`, nested or with dots."""

    def read(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
        inner = section.get("diagnostics")
        value = inner.get(name) if isinstance(inner, Mapping) else section.get(f"diagnostics.{name}")
        if value is None:
            return settings
        if value not in SEVERITIES:
            raise PmatError(f"pmat.diagnostics.{name} must be one of: {', '.join(SEVERITIES)}")
        fields: dict[str, Any] = {field: str(value)}
        return replace(settings, **fields)

    return read


def _read_redact(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
    value = section.get("redact")
    if value is None:
        return settings
    if not isinstance(value, bool):
        raise PmatError("pmat.redact must be true or false")
    return replace(settings, redact=value)


def _switch(name: str, field: str) -> _Reader:
    """Reads `pmat.<name>.enable`, nested or with dots."""

    def read(section: Mapping[str, object], settings: ServerSettings) -> ServerSettings:
        inner = section.get(name)
        value = inner.get("enable") if isinstance(inner, Mapping) else section.get(f"{name}.enable")
        if value is None:
            return settings
        if not isinstance(value, bool):
            raise PmatError(f"pmat.{name}.enable must be true or false")
        fields: dict[str, Any] = {field: value}
        return replace(settings, **fields)

    return read


_READERS: tuple[_Reader, ...] = (
    _read_dump,
    _read_dumps,
    _read_source_roots,
    _read_path_map,
    _read_memory_limit,
    _severity("severity", "severity"),
    _severity("selfHeldSeverity", "self_held_severity"),
    _read_verify_command,
    _switch("codeLens", "code_lens"),
    _switch("inlayHints", "inlay_hints"),
    _switch("definition", "definition"),
    _switch("references", "references"),
    _read_redact,
)


def _candidates(name: str, folders: Sequence[Path]) -> list[Path]:
    """The paths that `name` may mean; at least one."""
    path = Path(name).expanduser()
    if path.is_absolute() or not folders:
        return [path.absolute()]
    return [folder / path for folder in folders]
