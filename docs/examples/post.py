"""Post entries to a live blog from a program: a template to start from. It needs Python 3.9 and nothing else.

    export STOPPRESS_URL=http://127.0.0.1:8000 STOPPRESS_API_KEY=...
    echo "The council **votes**." | python post.py council
    tail -f ticker.txt | python post.py council --title Ticker

Each line of standard input becomes an entry, in Markdown. A line that cannot be sent now is sent again until the server
has it, and never twice.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

LATER = (429, 502, 503, 504)
"""Statuses after which a request can be repeated."""


class Stoppress:
    """A client of the editors' API for one blog."""

    def __init__(self, url: str, key: str, blog: str) -> None:
        self.entries = f"{url.rstrip('/')}/api/blogs/{blog}/entries"
        self.key = key

    def post(self, **fields: object) -> str:
        """Publish an entry and return its address. Raises `SystemExit` if the server rejects it."""
        request = urllib.request.Request(self.entries, json.dumps(fields).encode(), method="POST")
        request.add_header("Authorization", f"Bearer {self.key}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", str(uuid.uuid4()))  # the same in every attempt
        pause = 0.5
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.headers["Location"]
            except urllib.error.HTTPError as error:
                if error.code not in LATER:
                    raise SystemExit(f"rejected ({error.code}): {detail(error)}") from None
                reason = f"status {error.code}"
            except OSError as error:
                reason = str(error)
            print(f"not sent yet ({reason}); again in {pause:.1f} s", file=sys.stderr)
            time.sleep(pause)
            pause = min(2 * pause, 30)


def detail(error: urllib.error.HTTPError) -> str:
    """Return what the server says about an error."""
    try:
        return json.load(error)["detail"]
    except (ValueError, KeyError, TypeError):
        return error.reason


def main() -> None:
    parser = argparse.ArgumentParser(description="Post each line of standard input to a live blog.")
    parser.add_argument("blog", help="the name of the blog")
    parser.add_argument("--title", help="a title for each entry")
    parser.add_argument("--tag", action="append", default=[], help="a tag for each entry; can be repeated")
    options = parser.parse_args()
    try:
        client = Stoppress(os.environ["STOPPRESS_URL"], os.environ["STOPPRESS_API_KEY"], options.blog)
    except KeyError as error:
        raise SystemExit(f"set {error.args[0]}") from None
    fields = {"tags": options.tag, **({"title": options.title} if options.title else {})}
    for line in sys.stdin:
        if line.strip():
            print(client.post(markdown=line.strip(), **fields), flush=True)


if __name__ == "__main__":
    main()
