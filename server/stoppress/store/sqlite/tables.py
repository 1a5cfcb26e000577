"""The statements of the embedded store. All methods run inside a transaction of the caller, in the store's thread."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence

import msgspec

from stoppress.errors import BlogNotFound, KeyReused, StoreDamaged, VersionConflict
from stoppress.model import HEADER, START, Cursor, Item, Segment
from stoppress.store.past.port import Act, Actor, Keep
from stoppress.store.past.sqlite import PastTables
from stoppress.store.port import REMEMBER_SECONDS, Once, Write
from stoppress.store.sqlite.schema import row_sum


class Tables:
    """The blogs in one database; see `port.Store` for what the operations do."""

    def __init__(self, db: sqlite3.Connection, keep: Keep) -> None:
        self._db = db
        self.past = PastTables(db, keep)

    # Writing

    def write(self, blog: str, writes: Sequence[Write], *acts: Act) -> Segment:
        head = self.head(blog)
        if head is None:
            if not any(write.id == HEADER and write.expected == 0 and write.visible for write in writes):
                raise BlogNotFound(blog)
            head = START
        items, tags, changed = [], [], 0
        for write in writes:
            if write.visible:
                tags.append(Cursor.new_tag())
            seq = head.seq + len(tags) if write.visible else 0
            item, change = self._write_item(blog, write, seq, acts[0].who if acts else None)
            items.append(item)
            changed ^= change
        segment = Segment(head, tuple(tags), tuple(items))
        self._set_head(blog, segment, changed)
        for act in acts:
            self.past.append(act)
        return segment

    def put_back(self, blog: str, lost: Segment, retracted: Sequence[str], dues: Mapping[str, float]) -> None:
        """Write changes that were lost, as they were."""
        changed = 0
        for item in lost.items:
            _version, before = self._stored(blog, item.id)
            changed ^= before ^ self._put(blog, item, dues.get(item.id))
            if item.id in retracted:
                self._erase(blog, item)
                self.past.forget_versions(blog, item.id)
        self._set_head(blog, lost, changed)

    def _stored(self, blog: str, item_id: str) -> tuple[int, int]:
        """Return the version and the checksum of an item; zeros if there is none."""
        row: tuple[int, int] | None = self._db.execute(
            "SELECT version, sum FROM items WHERE blog=? AND id=?", (blog, item_id)
        ).fetchone()
        return row or (0, 0)

    def _write_item(self, blog: str, write: Write, seq: int, who: Actor | None) -> tuple[Item, int]:
        """Return the written item, and the change of the blog's checksum."""
        version, before = self._stored(blog, write.id)
        if version != write.expected:
            raise VersionConflict(write.id, write.expected)
        self.past.keep_version(blog, write, who)
        if write.body is None:
            self._db.execute("DELETE FROM items WHERE blog=? AND id=?", (blog, write.id))
            return Item(write.id, 0, write.expected + 1, b""), before
        item = Item(write.id, seq, write.next_version, write.body)
        after = self._put(blog, item, write.due)
        if write.erase:
            self._erase(blog, item)
        return item, before ^ after

    def _put(self, blog: str, item: Item, due: float | None = None) -> int:
        """Write an item, and return its checksum."""
        due = None if due is None else float(due)
        row = (blog, item.id, item.seq, item.version, due, item.body)
        self._db.execute(
            "INSERT OR REPLACE INTO items (blog, id, seq, version, due, body, sum) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, row_sum(*row)),
        )
        return row_sum(*row)

    def _erase(self, blog: str, item: Item) -> None:
        rows = self._db.execute(
            "SELECT key, fingerprint, segment, expires FROM answers WHERE blog=? AND instr(segment, CAST(? AS BLOB))",
            (blog, item.id),
        ).fetchall()
        for key, fingerprint, packed, expires in rows:
            segment = msgspec.msgpack.decode(packed, type=Segment)
            items = tuple(one._replace(body=item.body) if one.id == item.id else one for one in segment.items)
            self._put_answer(blog, Once(key, fingerprint), segment._replace(items=items), expires)

    def _set_head(self, blog: str, segment: Segment, changed: int) -> None:
        tags = [(blog, segment.after.seq + n, tag) for n, tag in enumerate(segment.tags, 1)]
        self._db.executemany("INSERT INTO tags (blog, seq, tag) VALUES (?, ?, ?)", tags)
        for tag in tags:
            changed ^= row_sum(*tag)
        (before,) = self._db.execute("SELECT sum FROM blogs WHERE name=?", (blog,)).fetchone() or (0,)
        self._db.execute(
            "INSERT OR REPLACE INTO blogs (name, seq, tag, sum) VALUES (?, ?, ?, ?)",
            (blog, *segment.cursor, before ^ changed),
        )

    def remember(self, blog: str, once: Once, segment: Segment) -> None:
        now = time.time()
        self._db.execute("DELETE FROM answers WHERE expires < ?", (now,))
        self._put_answer(blog, once, segment, now + REMEMBER_SECONDS)

    def _put_answer(self, blog: str, once: Once, segment: Segment, expires: float) -> None:
        row = (blog, once.key, once.fingerprint, msgspec.msgpack.encode(segment), expires)
        self._db.execute(
            "INSERT OR REPLACE INTO answers (blog, key, fingerprint, segment, expires, sum) VALUES (?, ?, ?, ?, ?, ?)",
            (*row, row_sum(*row)),
        )

    def forget(self, blog: str, once: Once) -> None:
        self._db.execute("DELETE FROM answers WHERE blog=? AND key=?", (blog, once.key))

    def delete(self, blog: str, act: Act | None = None) -> None:
        self.require(blog)
        self._db.execute("DELETE FROM blogs WHERE name=?", (blog,))
        for table in ("items", "tags", "answers", "versions"):
            self._db.execute(f"DELETE FROM {table} WHERE blog=?", (blog,))  # noqa: S608, a constant
        if act:
            self.past.append(act)

    # Reading

    def head(self, blog: str) -> Cursor | None:
        row = self._db.execute("SELECT seq, tag FROM blogs WHERE name=?", (blog,)).fetchone()
        return Cursor(*row) if row else None

    def require(self, blog: str) -> None:
        """Raise `BlogNotFound` if the blog does not exist."""
        if self.head(blog) is None:
            raise BlogNotFound(blog)

    def items(self, blog: str, condition: str, *values: str | int) -> list[Item]:
        """Return the items of a blog that a condition selects. Raises `StoreDamaged`."""
        rows = self._db.execute(
            f"SELECT id, seq, version, due, body, sum FROM items WHERE blog=? AND {condition}",  # noqa: S608, constants
            (blog, *values),
        )
        items = []
        for item_id, seq, version, due, body, checksum in rows:
            if checksum != row_sum(blog, item_id, seq, version, due, body):
                raise StoreDamaged(f"Item {blog}/{item_id} is not as it was written.")
            items.append(Item(item_id, seq, version, body))
        return items

    def has(self, blog: str, written: Segment) -> bool:
        """Return whether the last commit to a blog was this one."""
        last = written.items[-1]
        now = next(iter(self.items(blog, "id=?", last.id)), None)
        return self.head(blog) == written.cursor and (now == last or (now is None and not last.body))

    def read(self, blog: str, after: Cursor) -> Segment:
        self.require(blog)
        known = self._db.execute(
            "SELECT 1 FROM tags WHERE blog=? AND seq=? AND tag=?", (blog, after.seq, after.tag)
        ).fetchone()
        start = after if known else START
        tags = self._db.execute("SELECT tag FROM tags WHERE blog=? AND seq>? ORDER BY seq", (blog, start.seq))
        items = self.items(blog, "seq>? ORDER BY seq", start.seq)
        return Segment(start, tuple(tag for (tag,) in tags), tuple(items))

    def recall(self, blog: str, once: Once) -> Segment | None:
        row = self._db.execute(
            "SELECT fingerprint, segment, expires, sum FROM answers WHERE blog=? AND key=? AND expires >= ?",
            (blog, once.key, time.time()),
        ).fetchone()
        if row is None:
            return None
        fingerprint, packed, expires, checksum = row
        if checksum != row_sum(blog, once.key, fingerprint, packed, expires):
            raise StoreDamaged(f"A remembered answer of blog {blog!r} is not as it was written.")
        if fingerprint != once.fingerprint:
            raise KeyReused()
        return msgspec.msgpack.decode(packed, type=Segment)

    def blogs(self) -> list[str]:
        return [name for (name,) in self._db.execute("SELECT name FROM blogs ORDER BY name")]

    def due(self, now: float) -> list[tuple[str, str]]:
        numbered = "SELECT blog, id, due, row_number() OVER (PARTITION BY blog ORDER BY due) AS number FROM items"
        return self._db.execute(
            f"SELECT blog, id FROM ({numbered} WHERE due <= ?) WHERE number <= 100 ORDER BY due LIMIT 10000",  # noqa: S608, a constant
            (now,),
        ).fetchall()
