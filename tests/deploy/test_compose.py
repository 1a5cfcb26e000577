"""compose.yaml and what it mounts: the schema of the Compose specification, and what a schema cannot say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtest.ports import free_port
from stoppress.settings import load
from tests.deploy.proxies import program, promtool
from tests.support.paths import ROOT

COMPOSE = ROOT / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
ENVIRONMENT = {
    name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in SERVICES["node1"]["environment"].items()
}
"""Of a node, where nothing is set around Compose."""


def test_it_keeps_the_schema_of_the_compose_specification():
    checker = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down_bounded_and_pinned(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "cpus", "pids_limit", "logging"} <= set(service)
    assert "privileged" not in service and "network_mode" not in service
    if not name.startswith("node"):
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"])
        assert service["healthcheck"]["test"]


def test_only_caddy_is_reached_from_outside():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert all(port.startswith("127.0.0.1:") for name, ports in published.items() if name != "caddy" for port in ports)
    assert "ports" not in SERVICES["redis"] and SERVICES["redis"]["networks"] == ["store"]


def test_nodes_get_all_secrets_from_files():
    files = {name: Path(value).name for name, value in ENVIRONMENT.items() if name.endswith("_FILE")}
    assert sorted(files.values()) == sorted(SERVICES["node1"]["secrets"])
    assert set(ENVIRONMENT) == {"STOPPRESS_TRUSTED_PROXIES", "STOPPRESS_MEDIA", *files}


def test_nodes_share_the_images_that_editors_upload():
    place = Path(ENVIRONMENT["STOPPRESS_MEDIA"].removeprefix("file:"))
    for node in ("node1", "node2"):
        [volume] = SERVICES[node]["volumes"]
        name, _, folder = volume.partition(":")
        assert name in yaml.safe_load(COMPOSE.read_text())["volumes"] and place.is_relative_to(folder)


def test_nodes_believe_the_network_where_caddy_is():
    content = yaml.safe_load(COMPOSE.read_text())
    believed = SERVICES["node1"]["environment"]["STOPPRESS_TRUSTED_PROXIES"]
    assert content["networks"]["front"]["ipam"]["config"] == [{"subnet": believed}]
    assert "front" in SERVICES["caddy"]["networks"] and content["networks"]["front"]["internal"] is True
    assert ip_network(load(environ=ENVIRONMENT).trusted_proxies).is_private


def test_what_is_mounted_is_there():
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", []) if volume[0] == "."]
    assert len(mounts) >= 5
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert mode == "ro"
        assert (ROOT / source).exists(), source


def test_prometheus_takes_its_configuration_and_asks_the_nodes_with_their_token():
    config = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    promtool("check", "config", "--syntax-only", str(config))
    scraping = yaml.safe_load(config.read_text())["scrape_configs"][0]
    assert scraping["authorization"]["credentials_file"] == ENVIRONMENT["STOPPRESS_METRICS_TOKEN_FILE"]
    assert "metrics_token" in SERVICES["prometheus"]["secrets"]
    assert scraping["static_configs"][0]["targets"] == [f"{name}:8000" for name in SERVICES if name.startswith("node")]


def test_grafana_finds_prometheus_and_the_dashboards():
    grafana = ROOT / "deploy" / "grafana" / "provisioning"
    source = yaml.safe_load((grafana / "datasources" / "prometheus.yaml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((grafana / "dashboards" / "stoppress.yaml").read_text())["providers"][0]
    assert any(f":{provider['options']['path']}:ro" in volume for volume in SERVICES["grafana"]["volumes"])


async def test_a_node_has_nothing_to_warn_of_with_this_redis_and_its_password(tmp_path, start_node, capfd):
    """The command of compose.yaml, with the paths of this machine."""
    port = free_port()
    (tmp_path / "redis_auth").write_text("requirepass secret-of-redis\n")
    (tmp_path / "store").write_text(f"redis://:secret-of-redis@127.0.0.1:{port}/0\n")
    shutil.copy(ROOT / "deploy" / "redis" / "redis.conf", tmp_path / "redis.conf")
    folders = re.compile("^/(etc|data|run/secrets)")
    command = [folders.sub(str(tmp_path), word) for word in SERVICES["redis"]["command"][1:]]
    redis_server = [program("redis-server"), *command, "--port", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(redis_server, stdout=subprocess.PIPE, text=True) as redis:  # noqa: ASYNC220, it starts at once
        try:
            assert redis.stdout is not None
            assert any("Ready to accept connections" in line for line in iter(redis.stdout.readline, ""))
            node = await start_node("sqlite:not-this-one.db", STOPPRESS_STORE_FILE=str(tmp_path / "store"))
            await node.make_blog()
            await node.stop()
            assert "WARNING" not in capfd.readouterr().err
        finally:
            redis.kill()
    assert (tmp_path / "appendonlydir").is_dir()
