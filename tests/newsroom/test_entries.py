"""An entry's life: draft, scheduled, published, edited, pinned, corrected, retracted."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stoppress.errors import BadInput, BlogNotFound, Conflict, EntryNotFound, PreconditionFailed
from stoppress.model import HEADER, StoredEntry, timestamp
from stoppress.newsroom.commits import Committer, Request
from stoppress.newsroom.edits import MAX_ENTRY_BYTES
from stoppress.newsroom.entries import Entries
from stoppress.newsroom.forms import EntryForm
from stoppress.newsroom.schedule import publish_when_due
from stoppress.store.port import Once, Write
from tests.support.newsroom import ANY, BLOG, Newsroom, entry_of


def ago(**delta: float) -> datetime:
    return datetime.now(UTC) - timedelta(**delta)


LATER, LONG_AGO = ago(hours=-1), datetime(2020, 10, 9, tzinfo=UTC)


def if_version(version: int) -> Request:
    return Request(if_match=frozenset({version}))


# Publishing


async def test_an_entry_is_published_unless_it_says_otherwise(newsroom: Newsroom):
    written = await newsroom.entries.create(BLOG, EntryForm(markdown="Talks *begin*."), ANY)
    entry = entry_of(written)
    assert (entry.status, entry.version, entry.seq) == ("published", 1, 2)
    assert (entry.html, entry.text) == ("<p>Talks <em>begin</em>.</p>", "Talks begin.")
    assert entry.published_at == entry.updated_at
    (told,) = newsroom.changes
    assert (told.cursor, [item.id for item in told.items]) == (written.cursor, [entry.id])
    assert written.cursor == (await newsroom.store.heads([BLOG]))[0]


REFUSED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "nothing to show": ({"tags": ["a"]}, "is empty", None),
    "markdown and html": ({"markdown": "a", "html": "b"}, "not both", None),
    "out in the future": ({"title": "x", "published_at": LATER}, "scheduled", "published_at"),
    "scheduled without a time": ({"title": "x", "status": "scheduled"}, "needs", "publish_at"),
    "a time, but not scheduled": ({"title": "x", "publish_at": LATER}, "scheduled", "publish_at"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_an_entry_that_makes_no_sense_is_refused(newsroom: Newsroom, what: str):
    fields, said, field = REFUSED[what]
    with pytest.raises(BadInput, match=said) as refusal:
        await newsroom.post(**fields)
    assert field is None or refusal.value.field == field


UNDONE: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "nothing is left": ({"title": None}, BadInput, "is empty"),
    "another time": ({"published_at": LONG_AGO}, BadInput, "cannot be changed"),
    "no time": ({"published_at": None}, BadInput, "cannot be changed"),
    "a draft again": ({"status": "draft"}, Conflict, "retract it with DELETE"),
    "scheduled again": ({"status": "scheduled", "publish_at": LATER}, Conflict, "retract it with DELETE"),
}


@pytest.mark.parametrize("what", UNDONE)
async def test_what_is_published_cannot_be_undone_by_an_edit(newsroom: Newsroom, what: str):
    fields, error, said = UNDONE[what]
    entry = await newsroom.post(title="x")
    with pytest.raises(error, match=said):
        await newsroom.patch(entry, **fields)


async def test_a_picture_is_enough_and_a_draft_may_be_empty(newsroom: Newsroom):
    entry = await newsroom.post(media=[{"type": "image", "url": "https://example.org/a.jpg"}])
    assert entry.media[0].url == "https://example.org/a.jpg"
    assert (await newsroom.post(status="draft")).status == "draft"


async def test_what_is_not_there_is_not_found(newsroom: Newsroom):
    with pytest.raises(BlogNotFound):
        await newsroom.entries.create("nowhere", EntryForm(title="x"), ANY)
    with pytest.raises(EntryNotFound):
        await newsroom.entries.get(BLOG, HEADER)


async def test_entries_are_listed_newest_first_with_those_not_out_yet_before_them(newsroom: Newsroom):
    old = await newsroom.post(title="old", published_at=ago(hours=2))
    new = await newsroom.post(title="new", published_at=ago(hours=1))
    draft = await newsroom.post(title="draft", status="draft")
    assert [entry.id for entry in await newsroom.listed()] == [draft.id, new.id, old.id]


@pytest.mark.parametrize("status", ["draft", "scheduled", "published", "retracted"])
async def test_entries_are_listed_by_status(newsroom: Newsroom, status: str):
    await newsroom.post(title="draft", status="draft")
    await newsroom.post(title="scheduled", status="scheduled", publish_at=ago(hours=-1))
    await newsroom.post(title="published")
    await newsroom.retract(await newsroom.post(title="retracted"))
    assert [entry.status for entry in await newsroom.listed(status=status)] == [status]


async def test_html_replaces_markdown(newsroom: Newsroom):
    entry = await newsroom.post(markdown="a")
    edited = await newsroom.patch(entry, html="<p>b</p>")
    assert (edited.markdown, edited.html, edited.text) == (None, "<p>b</p>", "b")


# Times


@pytest.mark.parametrize("seconds", [1e8, -30], ids=["old", "a clock that is ahead"])
async def test_an_entry_from_elsewhere_keeps_its_time(newsroom: Newsroom, seconds: float):
    at = ago(seconds=seconds)
    entry = await newsroom.post(title="x", published_at=at)
    assert entry.published_at == timestamp(at)
    again = await newsroom.patch(entry, title="y", published_at=at)
    assert again.published_at == entry.published_at, "sending the same time again does no harm"


async def test_a_drafts_time_can_be_changed_and_removed(newsroom: Newsroom):
    draft = await newsroom.post(title="x", status="draft", published_at=ago(hours=2))
    assert (await newsroom.patch(draft, published_at=None)).published_at is None


async def test_an_edit_moves_updated_at_and_not_published_at_and_pinning_neither(newsroom: Newsroom):
    entry = await newsroom.post(title="x", published_at=ago(hours=1), tags=["a"], authors=[{"name": "A"}])
    assert await newsroom.get(entry) == entry, "what is answered is what is kept"
    edited = await newsroom.patch(entry, title="y")
    assert edited.published_at == entry.published_at
    assert entry.published_at == entry.updated_at
    assert entry.updated_at and edited.updated_at and entry.updated_at < edited.updated_at
    assert (await newsroom.patch(entry, pinned=True)).updated_at == edited.updated_at


async def test_times_go_on_when_the_clock_goes_back(newsroom: Newsroom):
    ahead = await newsroom.post(title="x", published_at=ago(seconds=-50))
    times = [ahead.published_at, (await newsroom.post(title="y")).published_at]
    draft = await newsroom.post(title="z", status="draft")
    times.append((await newsroom.patch(draft, status="published")).published_at)
    assert times == sorted(set(times), key=str)
    edited = await newsroom.patch(ahead, title="w")
    assert edited.updated_at and ahead.updated_at and edited.updated_at > ahead.updated_at
    own = await newsroom.post(title="v", published_at=ago(hours=1))
    assert own.published_at == own.updated_at and own.published_at and own.published_at < str(times[0])


# Drafts and scheduled entries


async def test_a_draft_is_no_change_until_a_patch_publishes_it(newsroom: Newsroom):
    before = (await newsroom.store.read(BLOG)).cursor
    draft = await newsroom.post(title="x", status="draft")
    assert (draft.seq, (await newsroom.store.read(BLOG)).cursor) == (0, before)
    entry = await newsroom.patch(draft, status="published")
    assert (entry.id, entry.version, entry.seq, entry.status) == (draft.id, 2, 2, "published")


async def test_a_scheduled_entry_can_become_a_draft_again(newsroom: Newsroom):
    entry = await newsroom.post(title="x", status="scheduled", publish_at=ago(seconds=1))
    await newsroom.patch(entry, status="draft")
    assert await newsroom.store.due(time.time()) == []


@contextlib.asynccontextmanager
async def scheduler(newsroom: Newsroom):
    running = asyncio.create_task(publish_when_due(newsroom.store, newsroom.entries))
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_scheduled_entry_is_published_when_it_is_due(newsroom: Newsroom, eventually):
    due = ago(seconds=-0.3)
    entry = await newsroom.post(title="x", status="scheduled", publish_at=due)
    later = await newsroom.post(title="later", status="scheduled", publish_at=LATER)

    async def is_out() -> bool:
        return (await newsroom.get(entry)).status == "published"

    async with scheduler(newsroom):
        await eventually(is_out)
    published = await newsroom.get(entry)
    assert published.publish_at is None
    assert published.published_at and published.published_at >= timestamp(due)
    assert (await newsroom.get(later)).status == "scheduled"


async def test_an_entry_that_expires_is_retracted_by_the_node(newsroom: Newsroom, eventually):
    entry = await newsroom.post(markdown="x", pinned=True, expires_at=ago(seconds=-0.3))
    other = await newsroom.post(markdown="y", expires_at=LATER)

    async def is_gone() -> bool:
        return (await newsroom.get(entry)).status == "retracted"

    async with scheduler(newsroom):
        await eventually(is_gone)
    assert (await newsroom.get(entry)).html is None and (await newsroom.header()).pinned is None
    assert (await newsroom.get(other)).status == "published"
    (act,) = await newsroom.store.past.acts(BLOG, after=None, before=None, limit=1)
    assert (act.action, act.item, act.who.kind) == ("retract", entry.id, "node")
    assert [due for _, due in await newsroom.store.due(5e9)] == [other.id]


async def test_a_scheduled_entry_expires_after_its_publication(newsroom: Newsroom, eventually):
    entry = await newsroom.post(
        markdown="x", status="scheduled", publish_at=ago(seconds=1), expires_at=ago(seconds=-0.6)
    )

    async def is_(status: str) -> bool:
        return (await newsroom.get(entry)).status == status

    async with scheduler(newsroom):
        await eventually(lambda: is_("published"))
        await eventually(lambda: is_("retracted"))


async def test_a_scheduled_entry_that_has_expired_becomes_a_draft(newsroom: Newsroom):
    late = Entries(newsroom.store, Committer(newsroom.store, newsroom), newsroom._newest, lambda: time.time() + 7200)
    entry = await newsroom.post(markdown="x", status="scheduled", publish_at=ago(seconds=1), expires_at=LATER)
    await late.come_due(BLOG, entry.id)
    assert ((await newsroom.get(entry)).status, (await newsroom.get(entry)).markdown) == ("draft", "x")
    assert await newsroom.store.due(5e9) == []


async def test_the_time_at_which_an_entry_expires_can_be_changed(newsroom: Newsroom):
    entry = await newsroom.post(markdown="x", expires_at=LATER)
    pinned = await newsroom.patch(entry, pinned=True)
    other = await newsroom.post(markdown="y", pinned=True)  # writes the entry that was pinned before
    assert await newsroom.store.due(time.time() + 3601) == [(BLOG, entry.id)]
    at = ago(hours=-9)
    later = await newsroom.patch(entry, expires_at=at)
    assert (later.updated_at, later.expires_at) == (pinned.updated_at, timestamp(at))
    assert await newsroom.store.due(time.time() + 3601) == []
    assert await newsroom.store.due(5e9) == [(BLOG, entry.id)]
    assert (await newsroom.patch(entry, expires_at=None)).expires_at is None
    assert await newsroom.store.due(5e9) == []
    _, entries = await newsroom.public()
    assert set(entries) == {entry.id, other.id}


async def test_an_entry_cannot_expire_before_it_is_seen(newsroom: Newsroom):
    past, soon = ago(seconds=1), ago(hours=-1)
    published, draft = await newsroom.post(markdown="x"), await newsroom.post(status="draft", markdown="x")
    scheduled = await newsroom.post(status="scheduled", markdown="x", publish_at=soon, expires_at=ago(hours=-2))
    for wrong in (
        newsroom.post(markdown="x", expires_at=past),
        newsroom.patch(published, expires_at=past),
        newsroom.patch(draft, expires_at=past),
        newsroom.post(status="scheduled", markdown="x", publish_at=soon, expires_at=soon),
        newsroom.patch(scheduled, publish_at=ago(hours=-3)),
    ):
        with pytest.raises(BadInput) as error:
            await wrong
        assert error.value.field == "expires_at"


async def test_a_draft_whose_time_has_passed_is_not_published(newsroom: Newsroom):
    late = Entries(newsroom.store, Committer(newsroom.store, newsroom), newsroom._newest, lambda: time.time() + 7200)
    draft = await newsroom.post(status="draft", markdown="x", expires_at=LATER)
    with pytest.raises(BadInput, match="in the future"):
        await late.patch(BLOG, draft.id, EntryForm(status="published"), ANY)
    await late.patch(BLOG, draft.id, EntryForm(status="published", expires_at=None), ANY)


async def test_the_times_of_entries_are_those_of_the_given_clock(newsroom: Newsroom):
    committer = Committer(newsroom.store, newsroom)
    ahead = Entries(newsroom.store, committer, newsroom._newest, lambda: time.time() + 7200)
    written = await ahead.create(BLOG, EntryForm(markdown="x"), ANY)
    entry = entry_of(written)
    assert timestamp(datetime.now(UTC) + timedelta(hours=1)) < (entry.published_at or "") == entry.updated_at
    soon = ago(hours=-1)
    given = await ahead.create(BLOG, EntryForm(markdown="x", published_at=soon), ANY)
    assert entry_of(given).published_at == timestamp(soon)


async def test_an_entry_that_cannot_be_published_does_not_hold_up_the_others(newsroom: Newsroom, eventually, caplog):
    await newsroom.store.commit(BLOG, [Write("broken", 0, b"no entry", visible=False, due=1.0)])
    entry = await newsroom.post(title="x", status="scheduled", publish_at=ago(seconds=1))

    async def is_out() -> bool:
        return (await newsroom.get(entry)).status == "published"

    async with scheduler(newsroom):
        await eventually(is_out)
        entry = await newsroom.post(title="x", status="scheduled", publish_at=ago(seconds=1))
        await eventually(is_out)
    assert caplog.text.count("blog_failed") == 1


async def test_two_schedulers_publish_an_entry_once(newsroom: Newsroom):
    entry = await newsroom.post(title="x", status="scheduled", publish_at=ago(seconds=1))
    both = [newsroom.entries.come_due(BLOG, entry.id) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert all(result is None or isinstance(result, PreconditionFailed) for result in results)
    assert (await newsroom.get(entry)).version == 2


async def test_a_draft_that_is_pinned_is_pinned_once_it_is_out(newsroom: Newsroom):
    draft = await newsroom.post(title="x", status="draft", pinned=True)
    assert (await newsroom.header()).pinned is None
    await newsroom.patch(draft, status="published")
    assert (await newsroom.header()).pinned == draft.id


# Editing


async def test_an_edit_for_another_version_loses_and_is_shown_the_current_entry(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    await newsroom.patch(entry, if_version(1), title="y")
    with pytest.raises(PreconditionFailed) as refusal:
        await newsroom.patch(entry, if_version(1), title="z")
    assert (refusal.value.version, refusal.value.current.title) == (2, "y")
    with pytest.raises(PreconditionFailed):
        await newsroom.retract(entry, request=if_version(1))


async def test_an_entry_does_not_grow_without_end(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    await newsroom.patch(entry, html="<p>" + 60_000 * "\U0001f600")
    with pytest.raises(BadInput, match=f"{MAX_ENTRY_BYTES} is the limit. Shorten it"):  # noqa: PT012, the last one
        for _ in range(100):
            await newsroom.patch(entry, correction=5_000 * "\U0001f600")
    assert len((await newsroom.get(entry)).corrections) > 50
    assert not (await newsroom.patch(entry, corrections=None)).corrections


async def test_concurrent_edits_are_all_applied(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    await asyncio.gather(*(newsroom.patch(entry, correction=f"Correction {n}.") for n in range(100)))
    after = await newsroom.get(entry)
    assert {correction.text for correction in after.corrections} == {f"Correction {n}." for n in range(100)}
    assert after.version == 101


async def test_concurrent_equal_requests_with_one_key_are_one_edit_with_one_answer(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    request = Request(if_match=frozenset({1}), once=Once("tests:k", "the same body"))
    answers = await asyncio.gather(*(newsroom.patch(entry, request, title="y") for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert (await newsroom.get(entry)).version == 2


async def test_a_request_that_was_refused_leaves_its_key_free(newsroom: Newsroom):
    with pytest.raises(BadInput):
        await newsroom.post(Request(once=Once("tests:k", "")))
    await newsroom.post(Request(once=Once("tests:k", "x")), title="x")


# Pins


async def assert_pinned(newsroom: Newsroom, entry_id: str | None) -> None:
    header, entries = await newsroom.public()
    assert header.pinned == entry_id
    assert [entry.id for entry in entries.values() if entry.pinned] == ([entry_id] if entry_id else [])


async def test_an_edit_of_any_entry_keeps_the_pin_until_it_is_taken_off(newsroom: Newsroom):
    pinned, other = await newsroom.post(title="a", pinned=True), await newsroom.post(title="b")
    await newsroom.patch(other, pinned=False)
    await newsroom.patch(pinned, title="y")
    await assert_pinned(newsroom, pinned.id)
    await newsroom.patch(pinned, pinned=False)
    await assert_pinned(newsroom, None)


async def test_a_pin_is_in_the_entry_and_the_header_at_once(newsroom: Newsroom):
    entry = await newsroom.post(title="x", pinned=True)
    await newsroom.patch(entry, pinned=True)  # which it is
    told = [[item.id for item in segment.items] for segment in newsroom.changes]
    assert told == [[HEADER, entry.id], [entry.id]]
    await assert_pinned(newsroom, entry.id)


async def test_a_new_pin_takes_the_place_of_the_old_one_in_the_same_commit(newsroom: Newsroom):
    old = await newsroom.post(title="old", pinned=True)
    newsroom.changes.clear()
    written = await newsroom.entries.create(BLOG, EntryForm(title="new", pinned=True), ANY)
    new = entry_of(written)
    assert (new.title, new.seq) == ("new", written.cursor.seq), "the answer is about what was asked for"
    (told,) = newsroom.changes
    assert [item.id for item in told.items] == [old.id, HEADER, new.id]
    await assert_pinned(newsroom, new.id)


async def test_retracting_the_pinned_entry_unpins_it_in_the_same_commit(newsroom: Newsroom):
    entry = await newsroom.post(title="x", pinned=True)
    newsroom.changes.clear()
    await newsroom.retract(entry)
    (told,) = newsroom.changes
    assert [item.id for item in told.items] == [HEADER, entry.id]
    await assert_pinned(newsroom, None)


async def test_pins_at_the_same_time_leave_one(newsroom: Newsroom):
    entries = [await newsroom.post(title=str(n)) for n in range(10)]
    await asyncio.gather(*(newsroom.patch(entry, pinned=True) for entry in entries))
    pinned = (await newsroom.header()).pinned
    assert pinned in {entry.id for entry in entries}
    await assert_pinned(newsroom, pinned)


# Retraction

SECRET = "the-former-body-that-must-be-gone"


async def test_a_tombstone_has_nothing_of_the_former_body(newsroom: Newsroom):
    entry = await newsroom.post(
        title=f"{SECRET} title",
        markdown=SECRET,
        tags=[SECRET],
        authors=[{"name": SECRET}],
        source={"name": SECRET},
        key=True,
        corrections=[{"text": SECRET}],
        media=[{"type": "image", "url": f"https://example.org/{SECRET}", "alt": SECRET}],
    )
    written = await newsroom.retract(entry, "It was wrong.")
    tombstone = entry_of(written)
    assert tombstone == StoredEntry(
        id=entry.id,
        seq=3,
        version=2,
        status="retracted",
        published_at=entry.published_at,
        retracted_at=tombstone.retracted_at,
        note="It was wrong.",
    )


async def test_retracting_again_changes_nothing_and_answers_with_the_tombstone(newsroom: Newsroom):
    entry = await newsroom.post(title="x")
    first = await newsroom.retract(entry, "One.")
    newsroom.changes.clear()
    assert await newsroom.retract(entry, "Two.") == first
    assert newsroom.changes == []
    with pytest.raises(Conflict, match="Create a new one"):
        await newsroom.patch(entry, title="y")


async def test_a_retraction_and_an_edit_at_the_same_time_end_in_retraction(newsroom: Newsroom):
    for n in range(10):
        entry = await newsroom.post(title=f"{n}")
        await asyncio.gather(newsroom.patch(entry, title="y"), newsroom.retract(entry), return_exceptions=True)
        assert (await newsroom.get(entry)).status == "retracted"


def bytes_on_disk(newsroom: Newsroom) -> bytes:
    return b"".join(file.read_bytes() for file in newsroom.path.parent.glob(newsroom.path.name + "*"))


async def test_a_retracted_body_is_gone_from_the_disk_when_the_server_has_stopped(newsroom: Newsroom):
    draft = await newsroom.post(markdown=SECRET, status="draft")
    entry = await newsroom.post(Request(once=Once("tests:k", "x")), markdown=f"{SECRET} " * 500)
    await newsroom.patch(entry, markdown=f"{SECRET} edited " * 700)
    assert SECRET.encode() in bytes_on_disk(newsroom)
    await newsroom.retract(entry)
    await newsroom.retract(draft)
    await newsroom.store.close()
    assert SECRET.encode() not in bytes_on_disk(newsroom)


async def test_a_retracted_body_is_gone_from_the_disk_after_a_checkpoint(newsroom: Newsroom):
    entry = await newsroom.post(markdown=f"{SECRET} " * 500)
    await newsroom.retract(entry)
    with contextlib.closing(sqlite3.connect(newsroom.path)) as db:
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    assert SECRET.encode() not in bytes_on_disk(newsroom)
