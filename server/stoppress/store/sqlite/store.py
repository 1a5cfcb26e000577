"""The embedded store: one SQLite file for one process.

All SQLite calls run in one thread, so the event loop never waits for the disk and commits have one order. A commit is
in the write-ahead log and synced to disk before it is answered.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TypeVar

from stoppress.errors import StartError, StoreDamaged, StoreUnavailable
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.accounts.port import Accounts
from stoppress.store.accounts.sqlite import SQLiteAccounts
from stoppress.store.past.port import Act, Keep, Past
from stoppress.store.past.sqlite import SQLitePast
from stoppress.store.port import NO_DUES, Hint, Once, Write
from stoppress.store.sqlite.files import StoreFiles
from stoppress.store.sqlite.integrity import is_damage
from stoppress.store.sqlite.schema import BUSY_SECONDS, MIGRATIONS
from stoppress.store.sqlite.tables import Tables
from stoppress.store.sqlite.watch import FileWatch
from stoppress.tasks import end

_T = TypeVar("_T")

ERASE_SECONDS = 1.0
"""Time between two attempts to empty the log of erased bodies while another program reads the file."""

CHECK_AGAIN_SECONDS = 5.0
"""Shortest time between two checks of a damaged file."""

log = logging.getLogger("stoppress.store")


class SQLiteStore:
    """A `port.Store` in one SQLite file. `:memory:` is not durable and therefore not supported.

    Args:
        path: the file.
        count_error: called with `erase` when the log could not be emptied of an erased body.
        keep: how much to keep of the past.
    """

    nodes_share_it = False

    @staticmethod
    def path_of(url: str) -> Path:
        """Return the file of `sqlite:PATH`. Raise `StartError` if the address has no file name."""
        rest = url.removeprefix("sqlite:")
        path = rest.removeprefix("//") if rest.startswith("///") else rest
        if not Path(path).name or path.startswith("//") or path == ":memory:":
            raise StartError(f"the store sqlite:{rest} has no file name; use a path, as in sqlite:stoppress.db")
        return Path(path)

    def __init__(self, path: Path, count_error: Callable[[str], object] = str, keep: Keep = Keep()) -> None:  # noqa: B008
        self._files = StoreFiles(path)
        self._count_error = count_error
        self._kept = keep
        self.past: Past = SQLitePast(self.look, lambda: self._tables.past)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._closed = asyncio.Event()
        self._db: sqlite3.Connection
        self._tables: Tables
        self._watch: FileWatch
        self._resources = ExitStack()
        self._must_erase = False
        self._erasing: asyncio.Task[None] | None = None
        self._damage = ""
        self._checking: asyncio.Task[None] | None = None
        self._checked_at = 0.0
        self.accounts: Accounts = SQLiteAccounts(self, lambda: self._tables.past)

    @property
    def db(self) -> sqlite3.Connection:
        """The open database, for work in the store's thread."""
        return self._db

    async def open(self) -> None:
        try:
            await self._in_thread(self._open)
        except StartError:
            self._thread.shutdown()
            raise
        self._erase_later()

    async def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            await end(task for task in (self._erasing, self._checking) if task)
            await self._in_thread(self._close)
            self._thread.shutdown()

    def _open(self) -> None:
        with ExitStack() as opened:
            lock = opened.enter_context(self._files.locked())
            self._db = opened.enter_context(closing(self._files.open()))
            self._tables = Tables(self._db, self._kept)
            self._watch = FileWatch(self._files.path, self._db, lock)
            self._erase()
            self._watch.note()
            self._resources = opened.pop_all()

    def _close(self) -> None:
        self._watch.forget_log()
        self._resources.close()
        self._watch.close()

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        """Run work in the store's thread. Raises `StoreUnavailable`, and remembers if the file is damaged."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, StoreDamaged) as error:
            message = f"The store {self._files.path} failed: {str(error).rstrip('.')}."
            if isinstance(error, StoreDamaged) or is_damage(error):
                self._damage = message
            raise StoreUnavailable(message) from error

    # Health

    async def ping(self) -> None:
        def work() -> None:
            self._watch.require()
            # Rewriting the current value is the smallest commit that needs the disk.
            self._db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            self._watch.note()

        await self._in_thread(work)
        self._erase_later()  # a commit that was cancelled has not done it
        if self._damage or self._watch.changed_by_others:
            await asyncio.shield(self._check_again())
        self._require_undamaged()

    def _require_undamaged(self) -> None:
        if self._damage:
            self._check_again()
            raise StoreUnavailable(self._damage)

    def _check_again(self) -> asyncio.Task[None]:
        """Start to check the whole file, beside the store's own work. Callers share one check."""
        is_recent = self._damage and time.monotonic() - self._checked_at < CHECK_AGAIN_SECONDS
        if self._checking is None or (self._checking.done() and not is_recent):
            self._checking = asyncio.create_task(self._check_in_background())
        return self._checking

    async def _check_in_background(self) -> None:
        self._watch.changed_by_others = False
        try:
            await asyncio.to_thread(self.check)
        except StartError as error:
            before, self._damage = self._damage, f"{str(error)[0].upper()}{str(error)[1:]}."
            if self._damage != before:
                log.error("store_damaged", extra={"error": str(error)})
        except TimeoutError:
            log.warning("store_not_checked", extra={"path": str(self._files.path)})
        else:
            self._damage = ""
        self._checked_at = time.monotonic()

    def check(self) -> None:
        """Check the content of the files. This only reads, also beside a node.

        Raises:
            StartError: `open` would reject the files.
            TimeoutError: the file is too large to be checked in time.
        """
        self._files.check()

    # Erasing

    def _erase(self) -> None:
        """Empty the log, which also has erased bodies. Do not wait for other programs that read the file."""
        self._watch.forget_log()
        try:
            self._db.execute("PRAGMA busy_timeout=0")
            (is_busy, *_frames) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            reason = "another program reads the file" if is_busy else ""
        except sqlite3.Error as error:
            reason = str(error)
        self._db.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
        if reason:
            self._count_error("erase")
            if not self._must_erase:
                log.warning("cannot_erase_from_log_yet", extra={"error": reason})
        self._must_erase = bool(reason)

    def _erase_later(self) -> None:
        """Start to try again, if the log has erased bodies that could not be removed."""
        if self._must_erase and (self._erasing is None or self._erasing.done()):
            self._erasing = asyncio.create_task(self._keep_erasing())

    async def _keep_erasing(self) -> None:
        def work() -> None:
            self._watch.require()
            self._erase()
            self._watch.note()

        while self._must_erase:
            await asyncio.sleep(ERASE_SECONDS)
            with suppress(StoreUnavailable):  # writes and health checks tell of it
                await self._in_thread(work)

    # Writing

    async def change(self, work: Callable[[], _T], is_written: Callable[[_T], bool], *, erases: bool = False) -> _T:
        """Run work in a transaction and return its result.

        Args:
            work: writes.
            is_written: returns whether the database has this result of `work`, to find out after an error.
            erases: empty the log afterwards. If that fails, the work is done all the same.
        """

        def run() -> _T:
            self._watch.require()
            try:
                result = self._transaction(work, is_written)
                if erases:
                    self._erase()
            finally:
                self._watch.note()
            return result

        self._require_undamaged()
        result = await self._in_thread(run)
        self._erase_later()
        return result

    def _transaction(self, work: Callable[[], _T], is_written: Callable[[_T], bool]) -> _T:
        results: list[_T] = []
        try:
            with self._db:  # commits, or rolls back after any error
                self._db.execute("BEGIN IMMEDIATE")
                results.append(work())
        except sqlite3.Error as error:
            # A commit that fails may have reached the disk before
            if not results or not is_written(results[0]):
                raise
            log.warning("commit_failed_when_done", extra={"error": str(error)})
        return results[0]

    async def commit(
        self, blog: str, writes: Sequence[Write], once: Once | None = None, act: Act | None = None, *more: Act
    ) -> Segment:
        def work() -> Segment:
            if once and (earlier := self._tables.recall(blog, once)):
                return earlier
            segment = self._tables.write(blog, writes, *([act] if act else []), *more)
            if once:
                self._tables.remember(blog, once, segment)
            return segment

        erases = any(write.erase for write in writes)
        return await self.change(work, lambda segment: self._tables.has(blog, segment), erases=erases)

    async def forget(self, blog: str, once: Once) -> None:
        await self.change(lambda: self._tables.forget(blog, once), lambda _: True)

    async def delete(self, blog: str, act: Act | None = None) -> None:
        def is_written(_: None) -> bool:
            return self._tables.head(blog) is None

        await self.change(lambda: self._tables.delete(blog, act), is_written, erases=True)

    async def was_deleted(self, blog: str, epoch: str) -> bool:
        return True  # no other process writes to the file, so it loses no commits

    async def restore(
        self, blog: str, head: Cursor, lost: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        def work() -> bool:
            if self._tables.head(blog) != head:  # includes a missing blog, which was deleted: see `was_deleted`
                return False
            self._tables.put_back(blog, lost, retracted, dues)
            return True

        def is_written(restored: bool) -> bool:
            return not restored or self._tables.head(blog) == lost.cursor

        return await self.change(work, is_written, erases=bool(retracted))

    async def removed(self, blog: str) -> list[str]:
        return []  # no node has what this file has lost

    # Damage of a blog: `integrity.py` finds it, and no other node has a replica

    async def verify(self, blog: str) -> None:
        pass

    async def rebuild(
        self, blog: str, whole: Segment, retracted: Sequence[str] = (), dues: Mapping[str, float] = NO_DUES
    ) -> bool:
        return False

    async def renew(self, blog: str) -> bool:
        return False

    async def ask_for(self, blog: str) -> None:
        pass

    async def announce(self, blog: str, node: str) -> None:
        pass  # there are no other nodes

    # Reading

    async def look(self, work: Callable[[], _T]) -> _T:
        """Run work as of one moment, without waiting for other programs that write."""

        def run() -> _T:
            with self._db:
                self._db.execute("BEGIN")
                return work()

        return await self._in_thread(run)

    async def recall(self, blog: str, once: Once) -> Segment | None:
        return await self.look(lambda: self._tables.recall(blog, once))

    async def read(self, blog: str, after: Cursor = START) -> Segment:
        return await self.look(lambda: self._tables.read(blog, after))

    async def item(self, blog: str, item_id: str) -> Item | None:
        def work() -> Item | None:
            self._tables.require(blog)
            return next(iter(self._tables.items(blog, "id=?", item_id)), None)

        return await self.look(work)

    async def drafts(self, blog: str) -> list[Item]:
        def work() -> list[Item]:
            self._tables.require(blog)
            return self._tables.items(blog, "seq=0 ORDER BY id")

        return await self.look(work)

    async def blogs(self) -> list[str]:
        return await self.look(self._tables.blogs)

    async def names(self) -> list[str]:
        return await self.blogs()

    async def headers(self, blogs: Sequence[str]) -> list[Item | None]:
        return await self.look(lambda: [next(iter(self._tables.items(blog, "id=?", HEADER)), None) for blog in blogs])

    async def heads(self, blogs: Sequence[str]) -> list[Cursor | None]:
        return await self.look(lambda: [self._tables.head(blog) for blog in blogs])

    async def due(self, now: float) -> list[tuple[str, str]]:
        return await self.look(lambda: self._tables.due(now))

    async def time(self) -> float:
        return time.time()

    # Hints: there are no other nodes that could send any

    async def follow(self, blog: str) -> None:
        pass

    async def unfollow(self, blog: str) -> None:
        pass

    async def hints(self) -> AsyncIterator[Hint]:
        await self._closed.wait()
        return
        yield  # makes this function an iterator
