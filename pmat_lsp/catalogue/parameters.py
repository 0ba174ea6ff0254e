"""Parameters that several questions take."""

from __future__ import annotations

from pmat_lsp.catalogue.question import Asked, Parameter, Takes
from pmat_lsp.format.kinds import Strength
from pmat_lsp.heap.neighbours import ALL, DIRECT

SV = Parameter(
    "sv",
    Takes.SV,
    "an address (0x…), a root (defstash), a symbol ($Net::Client::pool, %main::INC) or a sub's place (Client.pm:25)",
    positional=True,
    required=True,
)
STRENGTHS = (
    Parameter("weak", Takes.FLAG, "weak references too"),
    Parameter("all", Takes.FLAG, "weak, indirect and inferred references too", letter="a"),
)

LIMIT = Parameter("count", Takes.NUMBER, "how many to list (default: all)", letter="c")


def count_parameter(default: int, help: str) -> Parameter:
    """How many are told."""
    return Parameter("count", Takes.NUMBER, help, letter="n", default=default)


def strengths(asked: Asked) -> Strength:
    """Which references are wanted by STRENGTHS: the strong ones where nothing is said."""
    if asked.flag("all"):
        return ALL
    return DIRECT if asked.flag("weak") else Strength.STRONG
