"""The documentation against the code: what can be compared is compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from scripts.settings_docs import README, REFERENCE, written
from stoppress.cli import cli
from stoppress.settings import SETTINGS
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
PROTOCOL = DOCS / "reference" / "protocol.md"

CLOSE_CODE = re.compile(r"\b(10(?:0[1-9]|1[0-5])|44[0-9][0-9])\b")
"""Those of RFC 6455, section 7.4.1, and our own. 1000 is a number of milliseconds wherever it stands."""

NOT_SENT = {"1006"}
"""RFC 6455: what a client's own library says when there was no close frame."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, without the marks around code."""
    lines = (line for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in line.replace("`", "").strip("|").split("|")] for line in lines]


def section(path: Path, heading: str) -> str:
    """What stands under a heading, until the next of the same rank or a higher one."""
    rank = len(heading.partition(" ")[0])
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{rank}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{name(path)} has no {heading!r}"
    return found[1]


# Settings


@pytest.mark.parametrize("page", [REFERENCE, README])
def test_the_settings_of_a_page_are_those_of_the_code(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert written(page, text) == text, "run `make docs`"


def test_the_reference_shows_every_setting_and_the_readme_six():
    pages = {page: rows((ROOT / page).read_text(encoding="utf-8")) for page in (REFERENCE, README)}
    variables = [setting.variable for setting in SETTINGS]
    assert [row[0] for row in pages[REFERENCE] if row[1].startswith("--") and row[0] in variables] == [
        setting.variable for setting in SETTINGS if setting.has_flag
    ]
    assert [row[0] for row in pages[README] if row[0] in variables] == [
        f"STOPPRESS_{name}" for name in ("HOST", "PORT", "STORE", "KEYS", "WORKERS", "PUBLIC_URL")
    ]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_reference_explains_a_setting_under_a_heading(setting):
    headings = re.findall(r"^## (STOPPRESS_.*)$", (ROOT / REFERENCE).read_text(encoding="utf-8"), re.MULTILINE)
    assert setting.variable in ", ".join(headings).split(", ")


def test_a_page_without_a_place_for_settings_is_named():
    with pytest.raises(ValueError, match=r"README.md needs one line <!-- settings -->"):
        written(README, "# Stoppress\n")


def variables() -> set[str]:
    """All environment variables that the program reads."""
    options = [option for command in cli.commands.values() for option in parameters(command)]
    return {setting.variable for setting in SETTINGS} | {str(option.envvar) for option in options if option.envvar}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_no_variable_that_nobody_reads(page):
    assert set(re.findall(r"STOPPRESS_[A-Z_]+", page.read_text(encoding="utf-8"))) <= variables()


# The command line


def parameters(command: click.Command) -> list[click.Parameter]:
    """Return the options and arguments of a command, or of all commands of a group."""
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    return [parameter for one in commands for parameter in one.params]


@pytest.mark.parametrize("command", cli.commands.values(), ids=lambda command: str(command.name))
def test_a_command_is_documented_with_its_arguments_and_exactly_its_options(command):
    text = section(DOCS / "reference" / "cli.md", f"## stoppress {command.name}")
    options = {flag for option in parameters(command) if isinstance(option, click.Option) for flag in option.opts}
    settings = {setting.option for setting in SETTINGS} if command.name in ("serve", "demo", "doctor") else set()
    documented = {row[0].split(" ")[0] for row in rows(text) if row[0].startswith("-") and row[0].strip("-")}
    assert documented == options - settings
    for argument in parameters(command):
        if isinstance(argument, click.Argument):
            usage = f"[{argument.human_readable_name.upper()}]"
            assert (usage.strip("[]") if argument.required else usage) in text


def test_no_command_is_documented_that_is_not_there_and_all_options_of_the_program_are():
    text = (DOCS / "reference" / "cli.md").read_text()
    assert set(re.findall(r"^## stoppress (\w+)$", text, re.MULTILINE)) == set(cli.commands)

    own = {flag for option in cli.get_params(click.Context(cli, **cli.context_settings)) for flag in option.opts}
    assert {flag for flag in own if f"`{flag}`" not in text} == set()


# The protocol


def sources() -> Iterator[Path]:
    yield from (ROOT / "server" / "stoppress").rglob("*.py")
    yield from (ROOT / "client_js" / "src").rglob("*.js")


def test_close_codes_of_the_code_and_of_the_protocol_are_the_same():
    used = {code for path in sources() for code in CLOSE_CODE.findall(path.read_text(encoding="utf-8"))} - NOT_SENT
    by_websockets = {"1002", "1007", "1009"}  # sent by the library that parses what readers send
    documented = {row[0] for row in rows(section(PROTOCOL, "### WebSocket"))[2:]}
    assert used > {"1001", "1008", "1013", "4400", "4404"}, "the codes were not found where they were"
    assert documented == used | by_websockets


# Links


def slugs(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


def links(path: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", prose(path))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def broken(page: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    return not target.exists() or bool(anchor and anchor not in slugs(target))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings_that_are_there(page):
    assert [link for link in links(page) if broken(page, link)] == []


def test_links_are_found_and_wrong_ones_are_noticed():
    readme = ROOT / "README.md"
    assert len(links(readme)) > 5
    assert broken(readme, "docs/nothing.md")
    assert broken(readme, "docs/reference/protocol.md#nothing")
    assert not broken(readme, "docs/reference/protocol.md#private-blogs")


def test_every_page_can_be_reached_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            targets = (page.parent / link.partition("#")[0] for link in links(page))
            waiting += [target.resolve() for target in targets if target.suffix == ".md"]
    assert set(DOCS.rglob("*.md")) - seen == set()


def test_every_file_of_the_code_that_a_page_names_is_there():
    places = [ROOT, ROOT / "server" / "stoppress", ROOT / "server" / "stoppress" / "store", ROOT / "client_js" / "src"]
    page = DOCS / "explanation" / "how-it-works.md"
    named = set(re.findall(r"`([\w/]+\.(?:py|js|lua))`", prose(page)))
    assert len(named) > 10
    assert {file for file in named if not any((place / file).exists() for place in places)} == set()


# The examples


def examples(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_reader_of_the_guide_keeps_the_golden_vectors():
    guide: dict[str, Any] = {"__name__": "reader"}
    code = examples(DOCS / "howto" / "write-a-reader.md")[0]
    exec(compile(code, "reader.py", "exec"), guide)  # noqa: S102, it is ours
    vectors = json.loads((ROOT / "tests" / "vectors" / "state.json").read_text(encoding="utf-8"))
    checked = [vector["name"] for vector in vectors if keeps(guide["State"](), vector, guide["position"])]
    assert len(checked) > 30


def keeps(state: Any, vector: Any, position: Any) -> bool:
    """Return whether the vector is one for a reader without older pages; fails if the reader does not keep it."""
    start, end = vector["start"], vector["end"]
    if "before" in start or any("page" in step for step in vector["steps"]):
        return False
    state.cursor, state.header = start.get("cursor"), start.get("header")
    state.entries = {entry["id"]: entry for entry in start.get("entries", [])}
    if start.get("older"):
        state.oldest = min(map(position, state.entries.values()))
    for step in vector["steps"]:
        if step.get("disconnected"):
            state.disconnected()
        else:
            assert state.receive(step["message"]) == step["outcome"]["kind"], vector["name"]
    entries = sorted(state.entries.values(), key=position, reverse=True)
    shown = [[entry["id"], entry["seq"], entry["version"]] for entry in entries]
    assert (state.cursor, shown) == (end["cursor"], end["entries"]), vector["name"]
    return True


def test_every_python_example_compiles():
    blocks = [(name(page), block) for page in PAGES for block in examples(page)]
    assert len(blocks) >= 3
    for page, block in blocks:
        compile(block, page, "exec")


# The element

CLIENT = "client_js/src"
MEMBERS = {
    "## Custom properties": (f"{CLIENT}/view/live-blog.css", r"--stoppress-[a-z-]+"),
    "## Parts": ("server/stoppress/web/pages/templates/*.html", r' part="([a-z -]+)"'),
    "## Slots": ("server/stoppress/web/pages/templates/*.html", r'<slot name="([a-z]+)"'),
    "## Events": (f"{CLIENT}/types.ts", r"(?m)^  ([a-z]+): CustomEvent"),
    "## Attributes and properties": (f"{CLIENT}/element.js", r"(?m)^  get ([a-z]+)\("),
}
"""The headings of the element's reference, and where the code has what they list."""


@pytest.mark.parametrize("heading", MEMBERS)
def test_the_reference_of_the_element_lists_exactly_what_it_has(heading):
    files, pattern = MEMBERS[heading]
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob(files))
    text = section(DOCS / "reference" / "element.md", heading)
    listed = {name for row in rows(text)[2:] for name in re.split("[,;] ", row[0])} or re.findall("`([a-z]+)`", text)
    assert set(listed) == set(" ".join(re.findall(pattern, code)).split())
