"""`pmat-lsp serve`: the language server that editors start."""

from __future__ import annotations

import argparse
import ipaddress

from pmat_lsp.cli.output import show_warning

NAME = "serve"
DESCRIPTION = """\
Runs the language server. Editors start it and speak to it over its standard input and output; with --tcp it waits for
them at an address instead, which is for debugging: whoever can connect can read the files that it reads."""

_LARGEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--tcp", metavar="HOST:PORT", type=_address, help="wait for editors here, say localhost:7655, instead of stdio"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until the editor ends it."""
    # Here, since it takes a noticeable time, which the other commands should not pay.
    from pmat_lsp.heap.building import stand_by

    stand_by()
    from pmat_lsp.server.app import serve_stdio, serve_tcp

    if arguments.tcp is None:
        serve_stdio()
    else:
        host, port = arguments.tcp
        if not _is_this_machine(host):
            show_warning(f"whoever can connect to {host} port {port} can read the files that the server reads")
        serve_tcp(host, port)
    return 0


def _is_this_machine(host: str) -> bool:
    """Whether only programs of this machine can connect to an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)
