"""The command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stoppress import __version__, settings
from stoppress.errors import StartError
from stoppress.process import runner

_F = TypeVar("_F", bound=Callable[..., Any])

_FROM_0, _ABOVE_0 = click.FloatRange(0), click.FloatRange(0, min_open=True)


def _node_options(command: _F) -> _F:
    """One option for each setting of a node that may be given on the command line."""
    for setting in reversed(settings.SETTINGS):
        if setting.has_flag:
            text = f"{setting.help}  [{setting.variable}; default: {setting.default_text}]"
            command = click.option(setting.option, setting.name, metavar="VALUE", help=text)(command)
    return command


def _server_option(command: _F) -> _F:
    return click.option(
        "--url",
        envvar="STOPPRESS_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        help="The server.",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stoppress")
def cli() -> None:
    """A live-blog server: publish once, every open page shows it.

    Try it with `stoppress demo`. Settings come from flags, or from the environment variables named beside them.
    """


@cli.command("serve")
@_node_options
def _serve(**flags: str | None) -> None:
    """Run one node.

    Editors' keys come from STOPPRESS_KEYS, as name:role:secret separated by spaces, or from the file named by
    STOPPRESS_KEYS_FILE. Stop it with SIGTERM or Ctrl-C.
    """
    from stoppress.process.serve import serve as run

    run(settings.load(flags))


@cli.command("demo")
@_node_options
def _demo(**flags: str | None) -> None:
    """Run one node with a demonstration blog that is replayed in real time.

    Nothing has to be configured. It prints the reader page and a command that posts an entry to it.
    """
    from stoppress.telemetry.logs import set_up
    from stoppress.tools.demo import show

    configured = settings.load(flags)
    # A line for each write of the replay would drown what it prints itself
    set_up(configured.log_format, "error" if configured.log_level == "error" else "warning")
    if configured.workers > 1:
        raise StartError("the demonstration runs in one process: start it without --workers")
    runner.run(show.run(configured))


@cli.command("post")
@_server_option
@click.option("--api-key", envvar="STOPPRESS_API_KEY", required=True, show_envvar=True, help="An editor's key.")
@click.option("--title", help="The entry's title.")
@click.option("--key", is_flag=True, help="Mark it as a key event.")
@click.option("--breaking", is_flag=True, help="Mark it as breaking news.")
@click.option("--pinned", is_flag=True, help="Pin it.")
@click.option("--tag", "tags", multiple=True, help="A tag; may be repeated.")
@click.option("--draft", is_flag=True, help="Keep it as a draft.")
@click.option("--create", is_flag=True, help="Make the blog if it does not exist.")
@click.argument("blog")
@click.argument("markdown", required=False)
def _post(url: str, api_key: str, blog: str, markdown: str | None, **options: Any) -> None:
    """Publish an entry to BLOG: the text given as MARKDOWN, or standard input."""
    from stoppress.tools.post import post as publish

    if markdown is None or markdown == "-":
        if sys.stdin.isatty():
            click.echo("Write the entry in Markdown; Ctrl-D publishes it, Ctrl-C does not.", err=True)
        markdown = sys.stdin.buffer.read().decode(errors="surrogateescape")  # `publish` says so if it is no text
    entry: dict[str, Any] = {"markdown": markdown, "status": "draft" if options.pop("draft") else "published"}
    create = options.pop("create")
    entry |= {name: list(value) if name == "tags" else value for name, value in options.items() if value}
    answer = publish(url, api_key, blog, entry, create=create)
    click.echo(f"{answer.json()['status']} {answer.headers['location']}")


@cli.command("tail")
@_server_option
@click.argument("blog")
def _tail(url: str, blog: str) -> None:
    """Follow BLOG in the terminal: its newest entries as text, then every change as it happens."""
    from stoppress.tools.tail import show

    runner.run(show(url, blog))


@cli.command("swarm")
@click.argument("url")
@click.option("--blog", help="The blog, if URL does not name it.  [default: swarm]")
@click.option("--readers", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True, help="How many.")
@click.option("--rate", type=_ABOVE_0, default=1_000, show_default=True, help="Connections begun in a second.")
@click.option("--duration", type=_FROM_0, default=30, show_default=True, help="Seconds after the last one was begun.")
@click.option("--churn", type=_FROM_0, default=0, show_default=True, help="Readers that lose their line in a second.")
@click.option("--storm", type=int, default=0, show_default=True, help="Readers that lose it at once, in the middle.")
@click.option("--slow", type=click.FloatRange(0, 1), default=0, show_default=True, help="Share that reads slowly.")
@click.option("--msgpack", is_flag=True, help="Ask for msgpack instead of JSON.")
@click.option("--compress", is_flag=True, help="Offer permessage-deflate, as browsers do.")
@click.option("--publish", type=_FROM_0, default=0, show_default=True, help="Writes in a second; needs a key.")
@click.option("--api-key", envvar="STOPPRESS_API_KEY", show_envvar=True, help="An editor's key.")
@click.option("--allow-refused", is_flag=True, help="Do not mind readers for whom the server has no room.")
@click.option("--json", is_flag=True, help="Print the figures as JSON, each second among them.")
@click.option("--ticks", is_flag=True, help="Print a line of JSON each second, and the figures as the last.")
def _swarm(url: str, blog: str | None, **options: Any) -> None:
    """Hold many readers of a blog in one process and check what each of them gets.

    URL is a server, or the page of a blog on it. The exit status is 1 if a reader saw a gap or a duplicate, missed
    something, or is not back in the end.
    """
    from stoppress.tools.swarm.frames import Options
    from stoppress.tools.swarm.plan import Plan, target
    from stoppress.tools.swarm.run import run

    json, ticks = options.pop("json"), options.pop("ticks")
    asked = Options(options.pop("msgpack"), options.pop("compress"))
    if options["publish"] and not options["api_key"]:
        raise StartError("--publish needs an editor's key: set STOPPRESS_API_KEY")
    plan = Plan(**{**options, "api_key": options["api_key"] or ""}, options=asked)
    runner.run(run(target(url, blog), plan, json=json, ticks=ticks))


@cli.command("doctor")
@click.option("--url", envvar="STOPPRESS_URL", show_envvar=True, help="The site, as readers have it.")
@click.option("--blog", default="", help="The blog to read there.  [default: the first that is listed]")
@click.option("--store", envvar="STOPPRESS_STORE", show_envvar=True, help="The node's store.")
@click.option("--keys-file", envvar="STOPPRESS_KEYS_FILE", show_envvar=True, help="The node's file with keys.")
def _doctor(url: str | None, blog: str, store: str | None, keys_file: str | None) -> None:
    """Look at a deployment and say what to change: machine, keys, store, and the site through its proxies.

    Run it where a node runs, as its user, with its settings. With --url and no store only the site is looked at.
    The exit status is 1 if something must be changed.
    """
    from stoppress.tools.doctor.run import examine

    node = settings.load({"store": store, "keys_file": keys_file}) if store or not url else None
    runner.run(examine(node, url, blog))


@cli.command("top")
@_server_option
@click.option(
    "--token-file",
    envvar="STOPPRESS_METRICS_TOKEN_FILE",
    show_envvar=True,
    help="A file with the token for /metrics, if the node has one.",
)
@click.option("--every", type=click.FloatRange(0.1, 3_600), default=2, show_default=True, help="Seconds between looks.")
def _top(url: str, token_file: str | None, every: float) -> None:
    """Show what a node does now, until Ctrl-C: readers, deliveries, times, store.

    Where the output is no terminal it is printed once, with rates since the node's start.
    """
    from stoppress.tools.top.run import run

    run(url, token_file, every)


@cli.command("export")
@_server_option
@click.option("--force", is_flag=True, help="Replace an archive that is there.")
@click.argument("blog")
@click.argument("directory")
def _export(url: str, blog: str, directory: str, *, force: bool) -> None:
    """Write BLOG as an archive of static files into DIRECTORY: pages, entries, feeds, style sheets.

    It is read from a running server. The archive needs no server: any static host can have it at any path.
    """
    from stoppress.tools.export.command import export as write

    count = write(url, blog, Path(directory), force=force)
    click.echo(f"{count} files in {directory}: open {Path(directory, 'index.html')}")


def main() -> None:
    """The `stoppress` command: 0 is success, 2 means that something must be set right first."""
    with runner.exit_on_error():
        cli(standalone_mode=False)
