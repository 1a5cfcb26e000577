"""The command line."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stoppress import __version__, settings
from stoppress.cli_access import keys, people
from stoppress.cli_options import key_option, server_option
from stoppress.process import runner

if TYPE_CHECKING:
    from stoppress.tools.desk import Desk

_F = TypeVar("_F", bound=Callable[..., Any])

_FROM_0, _ABOVE_0 = click.FloatRange(0), click.FloatRange(0, min_open=True)


def _node_options(command: _F) -> _F:
    """Add an option for each setting of a node that has a flag."""
    for setting in reversed(settings.SETTINGS):
        if setting.has_flag:
            text = f"{setting.help}  [{setting.variable}; default: {setting.default_text}]"
            command = click.option(setting.option, setting.name, metavar="VALUE", help=text)(command)
    return command


def _number(option: str, kind: click.ParamType[Any], default: float, text: str) -> Callable[[_F], _F]:
    return click.option(option, type=kind, default=default, show_default=True, help=text)


def _store_option(command: _F) -> _F:
    text = "Store of the blogs: sqlite:PATH.  [STOPPRESS_STORE; default: sqlite:stoppress.db]"
    return click.option("--store", metavar="VALUE", help=text)(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stoppress")
def cli() -> None:
    """A live-blog server: publish an update once, and every open page shows it.

    Try it with `stoppress demo`. Set each option with its flag or with the
    environment variable that the help names.
    """


@cli.command("serve")
@_node_options
def _serve(**flags: str | None) -> None:
    """Run one node.

    The node reads the editors' keys from STOPPRESS_KEYS (name:role:secret, separated by spaces) or from the file that
    STOPPRESS_KEYS_FILE names. Stop the node with SIGTERM or Ctrl-C.
    """
    from stoppress.process.serve import serve as run

    for text in settings.unknown():
        click.echo(f"warning: {text}", err=True)
    run(settings.load(flags))


@cli.command("demo")
@_node_options
def _demo(**flags: str | None) -> None:
    """Run one node and replay a demonstration blog on it in real time.

    The demonstration needs no configuration. It prints the address of the blog and a command that posts an entry.
    """
    from stoppress.tools.demo import show

    runner.run(show.run(settings.load(flags)))


def _desk(command: Callable[..., str]) -> Callable[..., None]:
    """Give a command the options and the argument of an editor's `Desk`, and print the line that it returns."""

    @functools.wraps(command)
    def run(url: str, api_key: str, blog: str, **options: Any) -> None:
        from stoppress.tools.desk import Desk

        click.echo(command(Desk(url, api_key, blog), **options))

    return server_option(key_option("An editor's key.")(click.argument("blog")(run)))


@cli.command("post")
@_desk
@click.option("--title", help="The entry's title.")
@click.option("--key", is_flag=True, help="Mark the entry as a key event.")
@click.option("--breaking", is_flag=True, help="Mark the entry as breaking news.")
@click.option("--pinned", is_flag=True, help="Pin the entry.")
@click.option("--tag", "tags", multiple=True, help="Add a tag. Repeat the option for several tags.")
@click.option("--draft", is_flag=True, help="Save the entry as a draft.")
@click.option("--create", is_flag=True, help="Create the blog if it does not exist.")
@click.argument("markdown", required=False)
def _post(desk: Desk, markdown: str | None, *, draft: bool, create: bool, **fields: Any) -> str:
    """Publish an entry to BLOG. Its text is MARKDOWN, or standard input if you leave that out."""
    from stoppress.tools.desk import read_text

    text = read_text() if markdown in (None, "-") else markdown
    entry: dict[str, Any] = {"markdown": text, "status": "draft" if draft else "published"}
    return desk.post(entry | {name: value for name, value in fields.items() if value}, create=create)


@cli.command("entries")
@_desk
@click.option(
    "--status", type=click.Choice(["draft", "scheduled", "published", "retracted"]), help="Only entries in it."
)
@_number("--limit", click.IntRange(1, 500), 20, "Number of entries.")
def _entries(desk: Desk, status: str | None, limit: int) -> str:
    """List the newest entries and drafts of BLOG: id, status, time in UTC, title or text."""
    return desk.entries(status, limit)


@cli.command("edit")
@_desk
@click.option("--markdown", help="The new text; - reads standard input.")
@click.option("--title", help="The new title.")
@click.option("--key/--no-key", default=None, help="Mark the entry as a key event, or not.")
@click.option("--breaking/--no-breaking", default=None, help="Mark the entry as breaking news, or not.")
@click.argument("entry")
def _edit(desk: Desk, entry: str, **fields: Any) -> str:
    """Change ENTRY of BLOG, given its id or address.

    Without any options, the new text comes from standard input. In a terminal, your $EDITOR opens with the current one.
    """
    return desk.edit(entry, {name: value for name, value in fields.items() if value is not None})


@cli.command("correct")
@_desk
@click.option("--markdown", help="The new text; - reads standard input.")
@click.option("--title", help="The new title.")
@click.argument("entry")
@click.argument("correction")
def _correct(desk: Desk, entry: str, correction: str, **fields: Any) -> str:
    """Add a CORRECTION to ENTRY of BLOG, which readers see with the current time, and change its text."""
    return desk.edit(entry, {name: value for name, value in fields.items() if value} | {"correction": correction})


@cli.command("retract")
@_desk
@click.option("--note", help="The reason, for readers.")
@click.argument("entry")
def _retract(desk: Desk, entry: str, note: str | None) -> str:
    """Retract ENTRY of BLOG for good: nobody gets its text any more. Remove it if it is a draft."""
    return desk.retract(entry, note)


@cli.command("pin")
@_desk
@click.argument("entry")
def _pin(desk: Desk, entry: str) -> str:
    """Pin ENTRY to the top of BLOG, in place of any other."""
    return desk.pin(entry)


@cli.command("unpin")
@_desk
def _unpin(desk: Desk) -> str:
    """Unpin the pinned entry of BLOG."""
    return desk.change(pinned=None)


@cli.command("publish")
@_desk
@click.argument("entry")
def _publish(desk: Desk, entry: str) -> str:
    """Publish ENTRY of BLOG, a draft or a scheduled entry, now."""
    return desk.publish(entry)


@cli.command("end")
@_desk
def _end(desk: Desk) -> str:
    """End BLOG: its page says so. Its entries stay."""
    return desk.change(status="ended")


cli.add_command(keys)
cli.add_command(people)


@cli.command("audit")
@server_option
@key_option("An admin's key.")
@click.option("--after", metavar="ID", help="Only acts after this one, the oldest first; 0 begins with the oldest.")
@click.option("--limit", type=click.IntRange(1), help="Number of acts.  [default: 50, or all with --after]")
@click.argument("blog", required=False, default="")
def _audit(url: str, api_key: str, blog: str, after: str | None, limit: int | None) -> None:
    """Print who did what in BLOG, which may be deleted, or without BLOG on the site: a line of JSON for each act."""
    from stoppress.tools.desk import Desk

    for line in Desk(url, api_key, blog).acts(after, limit or (50 if after is None else sys.maxsize)):
        click.echo(line)


@cli.command("tail")
@server_option
@click.argument("blog")
def _tail(url: str, blog: str) -> None:
    """Follow BLOG in the terminal: print its newest entries, then each change when it happens.

    Times are in UTC.
    """
    from stoppress.tools.tail import show

    runner.run(show(url, blog))


@cli.command("swarm")
@click.argument("url")
@click.option("--blog", help="The blog, if URL is not the page of a blog.  [default: swarm]")
@_number("--readers", click.IntRange(1, 1_000_000), 1_000, "Number of readers.")
@_number("--rate", _ABOVE_0, 1_000, "New connections per second.")
@_number("--duration", _FROM_0, 30, "Seconds to run after the last reader has started to connect.")
@_number("--churn", _FROM_0, 0, "Readers per second that lose their connection and reconnect.")
@_number("--storm", click.INT, 0, "Readers that lose their connection all at once, halfway through the run.")
@_number("--slow", click.FloatRange(0, 1), 0, "Share of slow readers, 0 to 1.")
@click.option("--msgpack", is_flag=True, help="Ask for msgpack instead of JSON.")
@click.option("--compress", is_flag=True, help="Offer permessage-deflate, as browsers do.")
@_number("--publish", _FROM_0, 0, "Writes per second; needs --api-key.")
@click.option("--api-key", envvar="STOPPRESS_API_KEY", show_envvar=True, default="", help="An editor's key.")
@click.option("--allow-refused", is_flag=True, help="Do not fail when the server rejects readers at capacity.")
@click.option("--json", is_flag=True, help="Print the results as JSON, with the figures of each second.")
@click.option("--ticks", is_flag=True, help="Print a line of JSON each second, and the results as the last line.")
def _swarm(url: str, blog: str | None, **options: Any) -> None:
    """Simulate many readers of a blog in one process and check what each of them receives.

    URL is the address of a server or of a blog's page. The exit status is 1 if a reader saw a gap or a duplicate,
    missed a change, or was not connected at the end.
    """
    from stoppress.tools.swarm.plan import Plan, Target
    from stoppress.tools.swarm.run import run

    shown = {name: options.pop(name) for name in ("json", "ticks")}
    target = Target.parse(url, blog, **{name: options.pop(name) for name in ("msgpack", "compress")})
    runner.run(run(target, Plan(**options), **shown))


@cli.command("doctor")
@click.option("--url", envvar="STOPPRESS_URL", show_envvar=True, help="Address of the site, as readers see it.")
@click.option("--blog", default="", help="A blog of the site to read.  [default: the first one that the site lists]")
@click.option("--json", is_flag=True, help="Print the findings as one JSON object.")
@_node_options
def _doctor(url: str | None, blog: str, *, json: bool, **flags: str | None) -> None:
    """Check a deployment and say what to change: settings, machine, keys, store, and the site through its proxies.

    Run it on the machine of a node, as the user of the node, with the node's settings. With --url and without any
    setting it checks only the site. The exit status is 1 if a check fails.
    """
    from stoppress.tools.doctor.run import examine

    runner.run(examine(flags, url, blog, json=json))


@cli.command("top")
@server_option
@click.option(
    "--token-file",
    envvar="STOPPRESS_METRICS_TOKEN_FILE",
    show_envvar=True,
    help="File with the token for /metrics, if the node needs one.",
)
@_number("--every", click.FloatRange(0.1, 3_600), 2, "Seconds between refreshes.")
def _top(url: str, token_file: str | None, every: float) -> None:
    """Show a node's readers, deliveries, latencies and store, and refresh them until Ctrl-C.

    If the output is not a terminal, print them once, with rates since the node started.
    """
    from stoppress.tools.top.run import run

    run(url, token_file, every)


@cli.command("export")
@server_option
@click.option("--force", is_flag=True, help="Replace an existing archive or file.")
@click.option("--json", is_flag=True, help="Write JSON lines with all that editors see, also drafts; needs --api-key.")
@click.option(
    "--api-key", envvar="STOPPRESS_API_KEY", show_envvar=True, default="", help="A key or token for a private blog."
)
@click.argument("blog")
@click.argument("target")
def _export(url: str, blog: str, target: str, *, force: bool, json: bool, api_key: str) -> None:
    """Export BLOG to the directory TARGET as static files: pages, entries, feeds and style sheets.

    The command reads the blog from a running server. Any static host can serve the archive at any path. With --json,
    TARGET is a file, or - for standard output.
    """
    if json:
        from stoppress.tools.export.lines import export_lines

        count = export_lines(url, api_key, blog, target, force=force)
        click.echo(f"Wrote the header and {count} entries of {blog} to {target}.", err=target == "-")
        return
    from stoppress.tools.export.command import export as write

    count = write(url, blog, Path(target), force=force, secret=api_key)
    click.echo(f"Wrote {count} files to {target}. Open {Path(target, 'index.html')} in a browser.")


@cli.command("import")
@server_option
@click.option("--api-key", envvar="STOPPRESS_API_KEY", show_envvar=True, default="", help="An admin's key.")
@click.option("--dry-run", is_flag=True, help="Check the file and say what is in it; send nothing.")
@click.option("--post", default="", help="Number or slug of the post, if a WordPress export has several live blogs.")
@click.argument("blog")
@click.argument("file")
def _import(url: str, blog: str, file: str, *, api_key: str, dry_run: bool, post: str) -> None:
    """Import FILE into BLOG, which is created if it does not exist.

    FILE is what `stoppress export` wrote, JSON lines, RSS, Atom, or a WordPress export with entries of the Liveblog
    plugin; - reads standard input. An import changes and removes nothing, and can be repeated.
    """
    from stoppress.tools.importer.command import Importer, about
    from stoppress.tools.importer.read import read

    content = read(file, post)
    for note in content.notes:
        click.echo(note, err=True)
    if dry_run:
        click.echo(f"{file}: {about(content)}. Nothing was sent.")
        return
    for line in Importer(url, api_key, blog).run(content):
        click.echo(line)


@cli.command("backup")
@_store_option
@click.argument("file", type=click.Path(path_type=Path))
def _backup(store: str | None, file: Path) -> None:
    """Back up the SQLite store to FILE, also while a node runs. An earlier backup in FILE is replaced at once."""
    from stoppress.tools.backup import back_up

    click.echo(back_up(settings.load({"store": store}).read_store(), file))


@cli.command("restore")
@_store_option
@click.argument("file", type=click.Path(path_type=Path))
def _restore(store: str | None, file: Path) -> None:
    """Replace the SQLite store by the backup in FILE. Stop the node first. The store before is kept beside it."""
    from stoppress.tools.backup import restore

    click.echo(restore(settings.load({"store": store}).read_store(), file))


def main() -> None:
    """Run the `stoppress` command and end with its exit status, see `exit_on_error`."""
    with runner.exit_on_error():
        cli(standalone_mode=False)
