"""What the server puts off until it is needed is the same then, and is put off indeed."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from lsprotocol import types

from pmat_lsp.server import features
from pmat_lsp.server.app import FEATURES
from pmat_lsp.server.late_features import COMMANDS, HANDLERS
from pmat_lsp.server.protocol import ForgettingProtocol
from tests.dumps import ROOT

_PLACES = dict.fromkeys([*(late.place for late in HANDLERS), *COMMANDS.values()])
_TELL_CLASSES = """
import attrs, inspect, re
from lsprotocol import types
from pygls.protocol import default_converter
METHODS = ("__init__", "__repr__", "__eq__", "__ne__", "__lt__", "__hash__", "__setattr__", "__match_args__")
if late:
    with put_off():
        default_converter()
    assert unfinished() > 500, unfinished()
else:
    default_converter()
for name, cls in types.ALL_TYPES_MAP.items():
    if not (isinstance(cls, type) and attrs.has(cls)):
        continue
    made = [one for one in METHODS if one in vars(cls)]
    print(name, re.sub(" at 0x[0-9a-f]+", "", str(inspect.signature(cls))), made, cls.__hash__ is None)
    for field in attrs.fields(cls):
        print(" ", re.sub(" at 0x[0-9a-f]+", "", str(field)))
if late:
    assert unfinished() == 0
"""
_RACE = """
import sys, threading
from pmat_lsp.server.late_types import unfinished
from lsprotocol import types
sys.setswitchinterval(1e-6)
names = [name for name, cls in types.ALL_TYPES_MAP.items() if name.endswith("Params") and isinstance(cls, type)][:60]
before = unfinished()
start, made = threading.Barrier(4), []
def make():
    start.wait()
    for name in names:
        try:
            made.append(repr(getattr(types, name)()))
        except TypeError as error:
            made.append(str(error))
threads = [threading.Thread(target=make) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(set(made)), len(made), before - unfinished() >= len(names))
"""


def _run(script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_classes_that_are_finished_late_are_those_that_attrs_makes_at_once() -> None:
    at_once = _run("late = False" + _TELL_CLASSES)
    late = _run("late = True\nfrom pmat_lsp.server.late_types import put_off, unfinished" + _TELL_CLASSES)
    assert at_once.count("\n") > 2000
    assert late == at_once


def test_threads_that_finish_one_class_get_the_same() -> None:
    assert _run(_RACE) == "60 240 True\n"


def test_attrs_is_as_before_when_nothing_is_put_off() -> None:
    told = _run(
        """
import sys, attrs
before = attrs.define, attrs.has, attrs.resolve_types
from pmat_lsp.server import app, late_types
app.build_server()
assert (attrs.define, attrs.has, attrs.resolve_types) == before
for module in set(sys.modules.values()) - {late_types}:
    assert late_types._define_later not in [one for one in vars(module).values() if callable(one)], module
@attrs.define
class Point:
    x: int
print(Point(1), Point.__slots__)
"""
    )
    assert told == "Point(x=1) ('x', '__weakref__')\n"


def test_a_server_that_starts_has_not_imported_what_its_first_marks_do_not_need() -> None:
    told = _run("import sys\nfrom pmat_lsp.server.app import build_server\nbuild_server()\nprint(*sys.modules)")
    modules = set(told.split())
    assert not modules & {"rich", "numpy.ma", "prompt_toolkit", "duckdb", "pmat_lsp.heap.load"}
    assert not {name for name in modules if name.startswith("pmat_lsp.cures")}
    late = {f"pmat_lsp.server.features.{place.split('.')[0]}" for place in _PLACES}
    assert not modules & {*late, "pmat_lsp.catalogue.question", "pmat_lsp.render.hover", "pmat_lsp.server.documents"}


@pytest.mark.parametrize("place", _PLACES)
def test_every_late_handler_is_there(place: str) -> None:
    module, name = place.split(".")
    handler = getattr(import_module(f"pmat_lsp.server.features.{module}"), name)
    assert inspect.iscoroutinefunction(handler)
    assert next(iter(inspect.signature(handler).parameters)) in ("ls", "_ls")


def test_every_module_of_the_features_is_entered() -> None:
    (folder,) = features.__path__
    modules = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}
    first = {module.__name__.rpartition(".")[2] for module in FEATURES} - {"late_features"}
    assert modules == first | {place.split(".")[0] for place in _PLACES}


def test_what_this_server_does_not_do_is_left_out_of_the_capabilities_of_a_client() -> None:
    document = {"completion": {"completionItem": {"snippetSupport": "?"}}, "hover": {"contentFormat": ["markdown"]}}
    received = _initialize({"textDocument": document, "workspace": {"symbol": 7, "configuration": True}})
    assert received.text_document is not None
    assert received.workspace is not None
    assert (received.text_document.completion, received.workspace.symbol) == (None, None)
    assert received.text_document.hover is not None
    assert received.text_document.hover.content_format == (types.MarkupKind.Markdown,)
    assert received.workspace.configuration is True


@pytest.mark.parametrize("capabilities", [{}, {"textDocument": None}])
def test_capabilities_without_parts_are_taken_as_they_are(capabilities: dict[str, object]) -> None:
    assert _initialize(capabilities) == types.ClientCapabilities()


def _initialize(capabilities: object) -> types.ClientCapabilities:
    from pmat_lsp.server.language_server import PmatServer

    server = PmatServer()
    try:
        assert isinstance(server.protocol, ForgettingProtocol)
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        received: types.ClientCapabilities = server.protocol.structure_message(message).params.capabilities
        return received
    finally:
        server.state.close()
