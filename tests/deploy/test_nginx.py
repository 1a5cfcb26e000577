"""What can be read from the files for nginx."""

from __future__ import annotations

import os
import re
import subprocess

from stoppress.settings import load
from tests.deploy.proxies import NGINX, Nginx


def test_nginx_waits_longer_than_there_is_silence():
    """Three beats of the default for what is live, and the longest `wait` for polls."""
    text = (NGINX / "stoppress.conf").read_text()
    found = re.findall(r"location ~ \S+/(live|events|changes|desk)\$ \{[^}]*proxy_read_timeout (\d+)s;", text)
    beat = load(environ={}).beat
    assert {path for path, _ in found} == {"live", "events", "changes", "desk"}
    assert all(float(seconds) > max(3 * beat, 60) for _, seconds in found)


def test_nginx_takes_the_shipped_files_as_they_are(tmp_path):
    nginx = Nginx(tmp_path, [])
    nginx.lay_out()
    if os.geteuid() != 0:  # who may not listen below 1024
        site = tmp_path / "stoppress" / "site.conf"
        text = re.sub(r"\b443\b", str(nginx.port), site.read_text().replace("/var/log/nginx/", ""))
        site.write_text(re.sub(r"\b80;", f"{nginx.http_port};", text))
    done = subprocess.run([*nginx.command, "-t"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
