"""Real Redis servers on loopback ports: one, a master with a replica and sentinels, and a cluster."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from loadtest.ports import free_port
from tests.support.paths import ROOT

PASSWORD = "secret-of-the-nodes"

SERVICE = "blogs"

STARTED = "Ready to accept connections"
SENTINEL_STARTED = "+monitor master"


def user_rules() -> str:
    """Return the rules of the guide for the user of the nodes, with the password of the tests."""
    guide = (ROOT / "docs" / "howto" / "redis.md").read_text(encoding="utf-8")
    found = re.search(r"ACL SETUSER stoppress reset (.*)", guide)
    assert found, "the guide has no user for the nodes"
    return found[1].replace("PASSWORD", PASSWORD)


class RedisServer:
    """A redis-server process on a loopback port of its own, without persistence.

    It has a user for nodes with the rights of the guide.

    Args:
        folder: its working directory, created if it does not exist.
        options: further lines of its configuration.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def node_url(self) -> str:
        """The address with the user of the nodes."""
        return f"redis://stoppress:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return when it accepts connections."""
        settings = ["appendonly no", 'save ""', "repl-diskless-sync-delay 0", f"user stoppress {user_rules()}"]
        self._run([*settings, *self._options], STARTED)

    def _run(self, settings: list[str], ready: str, *arguments: str) -> None:
        command = shutil.which("redis-server")
        assert command, "these tests need redis-server: apt-get install redis-server"
        assert self._process is None, "it runs already"
        self.folder.mkdir(exist_ok=True)
        configuration, log = self.folder / "redis.conf", self.folder / "log"
        common = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}"]
        configuration.write_text("\n".join([*common, *settings, ""]))
        with log.open("wb") as out:
            self._process = subprocess.Popen([command, configuration, *arguments], stdout=out, stderr=out)
        deadline = time.monotonic() + 30
        while ready not in (said := log.read_text()):
            assert self._process.poll() is None and time.monotonic() < deadline, f"redis-server does not start: {said}"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it, as a power cut would: everything in it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Its connections stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Delete everything in it."""
        with Redis(port=self.port) as client:
            client.flushall()


class Sentinel(RedisServer):
    """A sentinel that watches a master as `SERVICE`, alone or with others."""

    def __init__(self, folder: Path, master: int, quorum: int) -> None:
        super().__init__(folder)
        self._watch = (master, quorum)

    def start(self) -> None:
        master, quorum = self._watch
        watched = f"sentinel monitor {SERVICE} 127.0.0.1 {master} {quorum}"
        times = [f"sentinel down-after-milliseconds {SERVICE} 500", f"sentinel failover-timeout {SERVICE} 1000"]
        self._run([watched, *times], SENTINEL_STARTED, "--sentinel")


def until(condition: Callable[[], bool]) -> None:
    """Ask until the answer is true, for at most half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def is_replica(server: RedisServer) -> bool:
    """Return whether a server has all data of a master."""
    with Redis(port=server.port) as client:
        info: Any = client.info("replication")
    return bool(info.get("master_link_status") == "up")


class WatchedServers:
    """A master with a replica, and three sentinels that promote the replica if the master fails."""

    def __init__(self, folder: Path) -> None:
        self.servers = [RedisServer(folder / "a")]
        self.servers.append(RedisServer(folder / "b", f"replicaof 127.0.0.1 {self.servers[0].port}"))
        self.sentinels = [Sentinel(folder / f"s{number}", self.servers[0].port, 2) for number in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://stoppress:{PASSWORD}@{hosts}/{SERVICE}"

    @property
    def node_url(self) -> str:
        return self.url

    @property
    def short_url(self) -> str:
        """The address with only one of the sentinels."""
        return f"redis+sentinel://stoppress:{PASSWORD}@127.0.0.1:{self.sentinels[0].port}/{SERVICE}"

    def start(self) -> None:
        for server in [*self.servers, *self.sentinels]:
            server.start()
        until(self.can_fail_over)

    def stop(self) -> None:
        for server in [*self.servers, *self.sentinels]:
            server.stop()

    def master(self, _blog: str = "") -> RedisServer:
        """Return the master that the first sentinel names."""
        with Redis(port=self.sentinels[0].port) as client:
            port = (client.sentinel_master(SERVICE))["port"]
        return next(server for server in self.servers if server.port == port)

    def can_fail_over(self) -> bool:
        """Return whether all sentinels know each other and the replica, and whether it follows the master."""
        for sentinel in self.sentinels:
            with Redis(port=sentinel.port) as client:
                state: Any = client.sentinel_master(SERVICE)
            if (state["num-other-sentinels"], state["num-slaves"]) != (len(self.sentinels) - 1, 1):
                return False
        return sum(is_replica(server) for server in self.servers) == 1

    def hand_over(self) -> None:
        """Promote the replica, and make the master its replica, as the sentinels would do ten seconds later."""
        old = self.master()
        with Redis(port=self.sentinels[0].port) as client:
            asked_at, deadline = float("-inf"), time.monotonic() + 30
            while self.master() is old:
                assert time.monotonic() < deadline, "the sentinels do not promote the replica"
                if time.monotonic() > asked_at + 5:  # on a busy machine, the sentinels may give up
                    client.execute_command("SENTINEL FAILOVER", SERVICE)
                    asked_at = time.monotonic()
                time.sleep(0.02)
        with Redis(port=old.port) as client:
            client.replicaof("127.0.0.1", str(self.master().port))

    def flush(self) -> None:
        (self.master()).flush()


class Cluster:
    """A Redis Cluster of three masters; the first one has a replica."""

    def __init__(self, folder: Path) -> None:
        self._buses = [free_port() for _ in range(4)]
        self.servers = [
            RedisServer(folder / str(bus), "cluster-enabled yes", "cluster-node-timeout 1000", f"cluster-port {bus}")
            for bus in self._buses
        ]

    @property
    def masters(self) -> list[RedisServer]:
        return self.servers[:3]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.masters)
        return f"redis+cluster://stoppress:{PASSWORD}@{hosts}"

    @property
    def node_url(self) -> str:
        return self.url

    @property
    def short_url(self) -> str:
        """The address with only the replica."""
        return f"redis+cluster://stoppress:{PASSWORD}@127.0.0.1:{self.replica().port}"

    def start(self) -> None:
        for server in self.servers:
            server.start()
        self._join()

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def _join(self) -> None:
        for number, server in enumerate(self.masters):
            with Redis(port=server.port) as client:
                slots = range(number * 16384 // 3, (number + 1) * 16384 // 3)
                client.execute_command("CLUSTER ADDSLOTSRANGE", slots[0], slots[-1])
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        with Redis(port=self.servers[0].port) as client:
            for other, bus in zip(self.servers[1:], self._buses[1:], strict=True):
                client.execute_command("CLUSTER MEET", "127.0.0.1", other.port, bus)
        until(self._is_joined)
        with Redis(port=self.servers[0].port) as master, Redis(port=self.servers[3].port) as replica:
            replica.execute_command("CLUSTER REPLICATE", master.execute_command("CLUSTER MYID"))
        until(self.can_fail_over)

    def replica(self) -> RedisServer:
        """Return the server that is not a master."""
        return next(server for server in self.servers if is_replica(server))

    def master(self, blog: str) -> RedisServer:
        """Return the master of a blog."""
        with Redis(port=self.servers[1].port) as client:
            slot = client.execute_command("CLUSTER KEYSLOT", f"stoppress:{{{blog}}}:line")
            shards: Any = client.execute_command("CLUSTER SLOTS")
        ports = {shard[2][1] for shard in shards if shard[0] <= slot <= shard[1]}
        return next(server for server in self.servers if server.port in ports)

    def can_fail_over(self) -> bool:
        """Return whether there are three masters and a replica that is up to date."""
        return sum(is_replica(server) for server in self.servers) == 1 and self._is_joined()

    def hand_over(self) -> None:
        """Promote the replica, and make its master its replica."""
        with Redis(port=self.replica().port) as client:
            client.execute_command("CLUSTER FAILOVER")

    def _is_joined(self) -> bool:
        for server in self.servers:
            with Redis(port=server.port) as client:
                info = client.execute_command("CLUSTER INFO")
                if info["cluster_state"] != "ok" or info["cluster_known_nodes"] != str(len(self.servers)):
                    return False
        return True

    def flush(self) -> None:
        for server in self.servers:
            with Redis(port=server.port) as client:
                if (client.info("replication"))["role"] == "master":
                    client.flushall()


@contextmanager
def started(*servers: Any) -> Iterator[None]:
    """Start servers or groups of servers, and stop them at the end."""
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
            server.start()
        yield
