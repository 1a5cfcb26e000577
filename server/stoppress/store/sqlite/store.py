"""The embedded store: one SQLite file for one process.

All SQLite calls run in one thread, so the event loop never waits for the disk and commits have one order. A commit is
in the write-ahead log and synced to disk before it is answered.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

import msgspec

from stoppress.errors import BlogNotFound, KeyReused, StartError, StoreUnavailable, VersionConflict
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.port import REMEMBER_SECONDS, Hint, Once, Write

_T = TypeVar("_T")

MIGRATIONS = (
    """
    CREATE TABLE blogs (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, tag TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE items (
        blog TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL,
        due REAL, body BLOB NOT NULL, PRIMARY KEY (blog, id));
    CREATE INDEX items_by_seq ON items (blog, seq);
    CREATE INDEX items_by_due ON items (due) WHERE due IS NOT NULL;
    CREATE TABLE tags (blog TEXT NOT NULL, seq INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (blog, seq))
        WITHOUT ROWID;
    CREATE TABLE answers (
        blog TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, segment BLOB NOT NULL,
        expires REAL NOT NULL, PRIMARY KEY (blog, key));
    CREATE INDEX answers_by_expiry ON answers (expires);
    """,
)
"""Each migrates the schema from `PRAGMA user_version` = its index to the next version. Never edit a released one."""


class SQLiteStore:
    """A `port.Store` in one SQLite file. `:memory:` is not durable and therefore not supported."""

    nodes_share_it = False

    @staticmethod
    def path_of(url: str) -> Path:
        """Return the file of `sqlite:PATH`. Raise `StartError` if the address has no file name."""
        rest = url.removeprefix("sqlite:")
        path = rest.removeprefix("//") if rest.startswith("///") else rest
        if not Path(path).name or path.startswith("//") or path == ":memory:":
            raise StartError(f"the store sqlite:{rest} has no file name; use a path, as in sqlite:stoppress.db")
        return Path(path)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._closed = asyncio.Event()
        self._db: sqlite3.Connection
        self._resources = ExitStack()

    async def open(self) -> None:
        try:
            await self._in_thread(self._open)
        except StartError:
            self._thread.shutdown()
            raise

    async def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            await self._in_thread(self._resources.close)
            self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The store {self._path} failed: {error}.") from error

    def _open(self) -> None:
        try:
            with ExitStack() as opened:
                lock = opened.enter_context(self._path.with_name(self._path.name + ".lock").open("wb"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._path.touch(0o600)  # drafts are not for other users; SQLite makes its other files alike
                self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                opened.callback(self._db.close)
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                    self._db.execute(f"PRAGMA {pragma}")
                self._migrate()
                self._resources = opened.pop_all()
        except BlockingIOError as error:
            raise StartError(
                f"the store {self._path} is in use by another stoppress; stop that, or use another file with --store"
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> StartError:
        reason = getattr(error, "strerror", None) or error
        advice = "use a file in a writable folder with --store sqlite:PATH"
        return StartError(f"cannot write to the store {self._path}: {reason}; {advice}")

    def check(self) -> None:
        """Raise `StartError` if `open` would reject the content of the file. This only reads, also beside a node."""
        try:
            address = f"{self._path.absolute().as_uri()}?immutable=1"
            with closing(sqlite3.connect(address, uri=True)) as db:
                self._version(db)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _version(self, db: sqlite3.Connection) -> int:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StartError(f"a newer stoppress wrote the store {self._path} (schema {version}); install that version")
        return version

    def _migrate(self) -> None:
        version = self._version(self._db)
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version={number}; COMMIT;")
        self._db.execute("BEGIN IMMEDIATE")  # fails at once if the file is not writable
        self._db.execute("COMMIT")

    async def ping(self) -> None:
        # Rewriting the current value is the smallest commit that needs the disk.
        await self._in_thread(lambda: self._db.execute(f"PRAGMA user_version={len(MIGRATIONS)}"))

    # Writing

    async def commit(self, blog: str, writes: Sequence[Write], once: Once | None = None) -> Segment:
        def work() -> Segment:
            if once and (earlier := self._recall(blog, once)):
                return earlier
            segment = self._write(blog, writes)
            if once:
                self._remember(blog, once, segment)
            return segment

        def commit() -> Segment:
            segment = self._transaction(work)
            if any(write.erase for write in writes):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log also has the erased bodies
            return segment

        return await self._in_thread(commit)

    def _transaction(self, work: Callable[[], _T]) -> _T:
        with self._db:  # commits, or rolls back after any error
            self._db.execute("BEGIN IMMEDIATE")
            return work()

    def _write(self, blog: str, writes: Sequence[Write]) -> Segment:
        head = self._head(blog)
        if head is None:
            if not any(write.id == HEADER and write.expected == 0 and write.visible for write in writes):
                raise BlogNotFound(blog)
            head = START
        items, tags = [], []
        for write in writes:
            if write.visible:
                tags.append(Cursor.new_tag())
            seq = head.seq + len(tags) if write.visible else 0
            items.append(self._write_item(blog, write, seq))
        segment = Segment(head, tuple(tags), tuple(items))
        self._set_head(blog, segment)
        return segment

    def _write_item(self, blog: str, write: Write, seq: int) -> Item:
        row = self._db.execute("SELECT version FROM items WHERE blog=? AND id=?", (blog, write.id)).fetchone()
        if (row[0] if row else 0) != write.expected:
            raise VersionConflict(write.id, write.expected)
        if write.body is None:
            self._db.execute("DELETE FROM items WHERE blog=? AND id=?", (blog, write.id))
            return Item(write.id, 0, write.expected + 1, b"")
        item = Item(write.id, seq, write.expected + 1, write.body)
        self._put(blog, item, write.due)
        if write.erase:
            self._erase(blog, item)
        return item

    def _put(self, blog: str, item: Item, due: float | None = None) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO items (blog, id, seq, version, due, body) VALUES (?, ?, ?, ?, ?, ?)",
            (blog, item.id, item.seq, item.version, due, item.body),
        )

    def _erase(self, blog: str, item: Item) -> None:
        rows = self._db.execute(
            "SELECT key, segment FROM answers WHERE blog=? AND instr(segment, CAST(? AS BLOB))", (blog, item.id)
        ).fetchall()
        for key, packed in rows:
            segment = msgspec.msgpack.decode(packed, type=Segment)
            items = tuple(one._replace(body=item.body) if one.id == item.id else one for one in segment.items)
            self._db.execute(
                "UPDATE answers SET segment=? WHERE blog=? AND key=?",
                (msgspec.msgpack.encode(segment._replace(items=items)), blog, key),
            )

    def _set_head(self, blog: str, segment: Segment) -> None:
        self._db.executemany(
            "INSERT INTO tags (blog, seq, tag) VALUES (?, ?, ?)",
            [(blog, segment.after.seq + n, tag) for n, tag in enumerate(segment.tags, 1)],
        )
        self._db.execute("INSERT OR REPLACE INTO blogs (name, seq, tag) VALUES (?, ?, ?)", (blog, *segment.cursor))

    def _remember(self, blog: str, once: Once, segment: Segment) -> None:
        now = time.time()
        self._db.execute("DELETE FROM answers WHERE expires < ?", (now,))
        self._db.execute(
            "INSERT INTO answers (blog, key, fingerprint, segment, expires) VALUES (?, ?, ?, ?, ?)",
            (blog, once.key, once.fingerprint, msgspec.msgpack.encode(segment), now + REMEMBER_SECONDS),
        )

    async def delete(self, blog: str) -> None:
        def work() -> None:
            self._require(blog)
            self._db.execute("DELETE FROM blogs WHERE name=?", (blog,))
            for table in ("items", "tags", "answers"):
                self._db.execute(f"DELETE FROM {table} WHERE blog=?", (blog,))  # noqa: S608, a constant

        await self._in_thread(lambda: self._transaction(work))

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        return True  # no other process writes to the file, so it loses no commits

    async def restore(self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = ()) -> bool:
        def work() -> bool:
            if self._head(blog) != head:  # includes a missing blog, which was deleted: see `was_deleted`
                return False
            for item in lost.items:
                self._put(blog, item)
                if item.id in retracted:
                    self._erase(blog, item)
            self._set_head(blog, lost)
            return True

        return await self._in_thread(lambda: self._transaction(work))

    # Reading

    def _head(self, blog: str) -> Cursor | None:
        row = self._db.execute("SELECT seq, tag FROM blogs WHERE name=?", (blog,)).fetchone()
        return Cursor(*row) if row else None

    def _require(self, blog: str) -> None:
        """Raise `BlogNotFound` if the blog does not exist."""
        if self._head(blog) is None:
            raise BlogNotFound(blog)

    def _items(self, condition: str, *values: str | int) -> list[Item]:
        rows = self._db.execute(f"SELECT id, seq, version, body FROM items WHERE {condition}", values)  # noqa: S608
        return [Item(*row) for row in rows]

    def _recall(self, blog: str, once: Once) -> Segment | None:
        row = self._db.execute(
            "SELECT fingerprint, segment FROM answers WHERE blog=? AND key=? AND expires >= ?",
            (blog, once.key, time.time()),
        ).fetchone()
        if row is None:
            return None
        if row[0] != once.fingerprint:
            raise KeyReused()
        return msgspec.msgpack.decode(row[1], type=Segment)

    async def recall(self, blog: str, once: Once) -> Segment | None:
        return await self._in_thread(lambda: self._recall(blog, once))

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        def work() -> Segment:
            self._require(blog)
            known = self._db.execute(
                "SELECT 1 FROM tags WHERE blog=? AND seq=? AND tag=?", (blog, after.seq, after.tag)
            ).fetchone()
            start = after if known else START
            tags = self._db.execute("SELECT tag FROM tags WHERE blog=? AND seq>? ORDER BY seq", (blog, start.seq))
            items = self._items("blog=? AND seq>? ORDER BY seq", blog, start.seq)
            return Segment(start, tuple(tag for (tag,) in tags), tuple(items))

        return await self._in_thread(lambda: self._transaction(work))

    async def item(self, blog: str, item_id: str) -> Item | None:
        def work() -> Item | None:
            self._require(blog)
            return next(iter(self._items("blog=? AND id=?", blog, item_id)), None)

        return await self._in_thread(work)

    async def drafts(self, blog: str) -> list[Item]:
        def work() -> list[Item]:
            self._require(blog)
            return self._items("blog=? AND seq=0 ORDER BY id", blog)

        return await self._in_thread(work)

    async def blogs(self) -> list[str]:
        return await self._in_thread(
            lambda: [name for (name,) in self._db.execute("SELECT name FROM blogs ORDER BY name")]
        )

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        return await self._in_thread(lambda: [self._head(blog) for blog in blogs])

    async def due(self, now: float) -> list[tuple[str, str]]:
        return await self._in_thread(
            lambda: self._db.execute(
                "SELECT blog, id FROM items WHERE due <= ? ORDER BY due LIMIT 100", (now,)
            ).fetchall()
        )

    # Hints: there are no other nodes that could send any

    async def follow(self, blog: str) -> None:
        pass

    async def unfollow(self, blog: str) -> None:
        pass

    async def hints(self) -> AsyncIterator[Hint]:
        await self._closed.wait()
        return
        yield  # makes this function an iterator
