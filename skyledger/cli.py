"""The command line: one sub-command a line below, each in a function of its own."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from serving.logs import configure_logs
from shared_models.errors import FinOpsError, InvalidArgumentError

CLOUDS = ("aws", "azure", "gcp")
TOOLSETS = ("cost", "optimize", "plan", "place", "govern")


class _Parser(argparse.ArgumentParser):
    """A parser whose mistakes come in the unified form too."""

    def error(self, message: str) -> NoReturn:
        raise InvalidArgumentError("command line", f"{message}.", hint=f"`{self.prog} --help` shows the usage.")


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    root = _Parser(prog="skyledger", description="Exact cloud costs over AWS, Azure and GCP for AI agents.")
    commands = root.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name in ("orchestrator", *CLOUDS):
        server = commands.add_parser(name, help=f"the {name} MCP server on stdio")
        server.add_argument("--http", metavar="HOST:PORT", help="serve streamable HTTP at /mcp instead of stdio")
        chosen = os.environ.get("SKYLEDGER_TOOLSETS", "cost,optimize,govern")
        server.add_argument(
            "--toolsets", default=chosen, help=f"of {', '.join(TOOLSETS)}; a cloud's server has one set"
        )
        server.add_argument("--sample", action="store_true", help="serve the sample organisation")
    _add_import(commands)
    syncing = commands.add_parser("sync", help="bring the ledger up to date from the cloud servers")
    syncing.add_argument("--sample", action="store_true")
    calling = commands.add_parser("call", help="call one tool through a real MCP client")
    calling.add_argument("tool")
    calling.add_argument("arguments", nargs="?", default="{}", help="arguments as a JSON object")
    calling.add_argument("--json", action="store_true", help="print the structured answer as JSON")
    calling.add_argument("--sample", action="store_true")
    sampling = commands.add_parser("sample", help="write the sample organisation")
    sampling.add_argument("directory", type=Path)
    sampling.add_argument("--rows", type=int, default=400_000)
    sampling.add_argument("--months", type=int, default=13)
    sampling.add_argument("--seed", type=int, default=7)
    prefer = commands.add_parser("prefer", help="choose which source counts for a billing account")
    prefer.add_argument("provider")
    prefer.add_argument("billing_account_id")
    prefer.add_argument("source_key", nargs="?", help="as `skyledger sources` shows it; without it the default rules")
    commands.add_parser("sources", help="which loads count and which are kept aside")
    commands.add_parser("pins", help="which answers are pinned, for a month close")
    letting_go = commands.add_parser("unpin", help="take a pin away")
    letting_go.add_argument("name", help="as `skyledger pins` shows it")
    conforming = commands.add_parser("conformance", help="check a FOCUS file, or the ledger's bills, against FOCUS")
    conforming.add_argument("path", nargs="?", type=Path, help="a FOCUS file; the ledger's bills without it")
    conforming.add_argument("--model", type=Path, help="a published requirements model (JSON) instead of 1.4")
    conforming.add_argument("--json", action="store_true")
    commands.add_parser("rebuild", help="make the ledger again from its sources; user state is not touched")
    _add_doctor(commands.add_parser("doctor", help="check the installation, the settings and the ledger"))
    demo = commands.add_parser("demo", help="the main job on the sample organisation")
    demo.add_argument("--keep", type=Path, default=None, help="use this folder and keep it")
    return root


def _add_import(commands: Any) -> None:
    importing = commands.add_parser("import", help="import a bill: a file, a folder or an export layout")
    importing.add_argument("path", type=Path)
    importing.add_argument("--provider", help="aws, azure, gcp, oci, ... for rows that do not say")
    importing.add_argument("--source", help="name of the source; the same name again is a restatement")
    importing.add_argument("--max-reject-share", type=float, default=None, help="refuse above this share (0.01)")
    importing.add_argument("--json", action="store_true", help="print the report as JSON")


def _add_doctor(checking: argparse.ArgumentParser) -> None:
    checking.add_argument("cloud", nargs="?", choices=CLOUDS, help="who we are there and what is missing")
    checking.add_argument("--print", dest="document", help="print what sets the cloud up: a policy, a template")
    checking.add_argument("--bucket", "--storage", help="where bills are to be delivered, for --print")
    checking.add_argument("--principal", help="who is to read them, for --print; the current identity without it")


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit status. An anticipated failure is one sentence and a hint on stderr."""
    configure_logs()
    try:
        options = parser().parse_args(arguments)
        return _COMMANDS[options.command](options)
    except FinOpsError as error:
        if "--json" in arguments:
            print(error.text())
        else:
            print(f"error [{error.code}] {error.message}\n  hint: {error.hint}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


def _serve(options: argparse.Namespace) -> int:
    from skyledger.clouds import build_cloud, sample_folder, server_settings  # noqa: PLC0415 - lazy start

    toolsets = _toolsets(options.toolsets)
    sample = sample_folder(_home()) if options.sample else None
    if options.command == "orchestrator":
        from skyledger.compose import compose  # noqa: PLC0415 - a cloud's server starts without it

        app = compose(sample, toolsets)
    else:
        app = build_cloud(options.command, server_settings(options.command, sample))
    if options.http:
        from serving import http  # noqa: PLC0415

        http.run(app, options.http)
    else:
        from serving import stdio  # noqa: PLC0415

        stdio.run(app)
    return 0


def _toolsets(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in TOOLSETS]
    if unknown or not names:
        raise InvalidArgumentError("--toolsets", f"There is no toolset {text!r}.", hint=f"Of {', '.join(TOOLSETS)}.")
    return names


def _import(options: argparse.Namespace) -> int:
    from skyledger.importing import import_bills  # noqa: PLC0415

    return import_bills(options)


def _sync(options: argparse.Namespace) -> int:
    return _call_tool("finops_sync", {}, sample=options.sample, as_json=False)


def _call(options: argparse.Namespace) -> int:
    try:
        arguments = json.loads(options.arguments)
    except ValueError as error:
        raise InvalidArgumentError("arguments", f"This is not JSON: {error}.", hint="For example '{}'.") from error
    if not isinstance(arguments, dict):
        raise InvalidArgumentError("arguments", "The arguments are not a JSON object.", hint="For example '{}'.")
    given = cast("dict[str, Any]", arguments)
    return _call_tool(options.tool, given, sample=options.sample, as_json=options.json)


def _call_tool(tool: str, arguments: dict[str, Any], *, sample: bool, as_json: bool) -> int:
    from skyledger.calling import call_tool  # noqa: PLC0415

    return call_tool(tool, arguments, sample=sample, as_json=as_json)


def _sample(options: argparse.Namespace) -> int:
    from servers.sample.generate import generate  # noqa: PLC0415
    from skyledger.progress import progress_bar  # noqa: PLC0415

    with progress_bar("sample organisation") as progress:
        generate(options.directory, rows=options.rows, months=options.months, seed=options.seed, progress=progress)
    print(f"The sample organisation is in {options.directory}")
    return 0


def _upkeep(options: argparse.Namespace) -> int:
    from skyledger import upkeep  # noqa: PLC0415

    return getattr(upkeep, options.command)(options)


def _pins(options: argparse.Namespace) -> int:
    from skyledger import pinning  # noqa: PLC0415

    return pinning.show(options) if options.command == "pins" else pinning.remove(options)


def _doctor(options: argparse.Namespace) -> int:
    if options.cloud is None:
        return _upkeep(options)
    from skyledger.doctoring import doctor_cloud, print_document  # noqa: PLC0415

    if options.document is None:
        return doctor_cloud(options.cloud)
    return print_document(options.cloud, options.document, options.bucket, options.principal)


def _demo(options: argparse.Namespace) -> int:
    from skyledger.demo import demo  # noqa: PLC0415

    return demo(options.keep)


def _home() -> Path:
    from orchestrator.settings import load_settings  # noqa: PLC0415

    return load_settings().home


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    **dict.fromkeys(("orchestrator", *CLOUDS), _serve),
    "import": _import,
    "sync": _sync,
    "call": _call,
    "sample": _sample,
    **dict.fromkeys(("prefer", "sources", "conformance", "rebuild"), _upkeep),
    "doctor": _doctor,
    **dict.fromkeys(("pins", "unpin"), _pins),
    "demo": _demo,
}
