"""The client's files as they are served: bundles from a wheel, source modules in a checkout or without a bundle."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from stoppress.web.pages import assets
from stoppress.web.pages.assets import Assets
from tests.support.paths import CLIENT, ROOT

PARTS = [".gitignore", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml", "server"]


def checkout(folder: Path) -> Path:
    """What a wheel is built from, in a copy."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    ignored = shutil.ignore_patterns("node_modules", "dist", "types")
    shutil.copytree(ROOT / "client_js", folder / "client_js", ignore=ignored)
    (folder / "client_js" / "node_modules").symlink_to(ROOT / "client_js" / "node_modules")
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the bundles once, and return their folder."""
    folder = checkout(tmp_path_factory.mktemp("bundled")) / "client_js"
    subprocess.run(["node", "scripts/build.js"], cwd=folder, check=True, timeout=60, capture_output=True)
    return folder / "dist"


@pytest.fixture
def bundled(tmp_path: Path, bundles: Path) -> Path:
    """A checkout of its own with bundles."""
    folder = checkout(tmp_path)
    shutil.copytree(bundles, folder / "client_js" / "dist")
    return folder


def build(folder: Path, *, kind: str = "wheel") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", "made"]
    return subprocess.run(command, cwd=folder, timeout=60, capture_output=True, text=True)


def installed(folder: Path) -> Path:
    """The wheel's content, in a folder that Python can import from."""
    built = build(folder)
    assert built.returncode == 0, built.stderr
    [wheel] = (folder / "made").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def client(folder: Path) -> set[str]:
    return {path.name for path in (folder / "stoppress" / "web" / "pages" / "client").iterdir()}


async def test_a_wheel_has_the_bundle_and_pages_load_it_with_its_hash(bundled, start_node, browser):
    place = installed(bundled)
    manifest = json.loads((place / "stoppress" / "web" / "pages" / "client" / "manifest.json").read_text())
    made = manifest["entries"]["page"]
    node = await start_node(PYTHONPATH=str(place), PYTHONDONTWRITEBYTECODE="1")
    await node.make_blog(headline="From a wheel")
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as http:
        hashed = await http.get(f"/client/{made['file']}")
        assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert hashed.headers["access-control-allow-origin"] == "*"
        assert "javascript" in hashed.headers["content-type"]
        digest = base64.b64encode(hashlib.sha384(hashed.content).digest()).decode()
        assert made["integrity"] == f"sha384-{digest}"
        assert made["bytes"] == len(hashed.content)
        newest = await http.get("/client/page.js")
        assert (newest.content, newest.headers["cache-control"]) == (hashed.content, "no-cache")
        unchanged = await http.get("/client/page.js", headers={"if-none-match": newest.headers["etag"]})
        assert unchanged.status_code == 304
        assert (await http.get("/client/core/machine.js")).status_code == 404
    page = await browser.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    await page.goto(f"{node.url}/blogs/demo")
    script = page.locator("script[type=module]")
    assert await script.get_attribute("src") == f"/client/{made['file']}"
    assert await script.get_attribute("integrity") == made["integrity"]
    async with node.editor() as editor:
        await editor.post("/api/blogs/demo/entries", json={"title": "By the bundle", "markdown": "News"})
    await expect(page.get_by_text("By the bundle")).to_be_visible()
    assert errors == []


def test_a_wheel_without_a_bundle_has_the_source_modules_and_the_build_says_so(tmp_path):
    built = build(checkout(tmp_path))
    assert "make bundle" in built.stdout + built.stderr
    assert client(installed(tmp_path)) >= {"page.js", "index.js", "core"}


def test_a_bundle_of_other_sources_is_not_built_in(bundled):
    with (bundled / "client_js" / "src" / "page.js").open("a") as source:
        source.write("// edited\n")
    built = build(bundled)
    assert built.returncode != 0
    assert "make bundle" in built.stderr


def test_a_wheel_from_a_source_archive_has_the_bundle_too(bundled):
    assert build(bundled, kind="sdist").returncode == 0
    [archive] = (bundled / "made").glob("*.tar.gz")
    shutil.unpack_archive(archive, bundled / "unpacked", filter="data")
    [folder] = (bundled / "unpacked").iterdir()
    assert "manifest.json" in client(installed(folder))


@pytest.mark.parametrize("entry", ["page", "element", "index"])
def test_source_modules_have_plain_names_and_bundles_are_found_by_the_manifest(tmp_path, entry):
    assert Assets(CLIENT / "src").script(entry) == (f"/client/{entry}.js", None)
    made = {"file": f"{entry}.abc.js", "integrity": "sha384-x"}
    (tmp_path / "manifest.json").write_text(json.dumps({"entries": {entry: made}, "files": {}}))
    assert Assets(tmp_path).script(entry) == (f"/client/{entry}.abc.js", "sha384-x")


def test_a_checkout_hands_out_bundles_until_a_source_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "_CHECKOUT", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.js").write_text("")
    assert Assets().script("page").address == "/client/page.js"
    (tmp_path / "dist").mkdir()
    made = {"entries": {"page": {"file": "page.abc.js"}}, "files": {}}
    (tmp_path / "dist" / "manifest.json").write_text(json.dumps(made))
    assert Assets().script("page").address == "/client/page.abc.js"
    later = (tmp_path / "dist" / "manifest.json").stat().st_mtime + 1
    os.utime(tmp_path / "src" / "page.js", (later, later))
    assert Assets().script("page").address == "/client/page.js"
