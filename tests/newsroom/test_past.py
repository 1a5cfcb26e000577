"""Who may read the past, and versions whose store has lost a part of them."""

from __future__ import annotations

import pytest

from stoppress.access.identity import Identity
from stoppress.errors import Forbidden
from stoppress.newsroom.commits import Origin, Request
from stoppress.newsroom.past import PastReader
from stoppress.store.accounts.port import RecordWrite
from stoppress.store.past.port import Act, Actor
from stoppress.store.port import Write
from tests.support.newsroom import BLOG, Newsroom

ADA = Identity("key", "ada", "admin")
LOCAL = Identity("person", "Lou", "admin", ("kara*",), "p7")


@pytest.fixture
def past(newsroom: Newsroom) -> PastReader:
    return PastReader(newsroom.store, newsroom.entries)


async def acts(past: PastReader, who: Identity, blog: str | None) -> list[Act]:
    return await past.acts(who, blog, after=None, before=None, limit=10)


async def test_an_admin_of_some_blogs_reads_their_audit_only(newsroom: Newsroom, past: PastReader):
    sign_in = Act(who=Actor("key", "ada"), action="sign_in")
    await newsroom.store.accounts.write([RecordWrite("session", "1", b"")], sign_in)
    assert len(await acts(past, ADA, BLOG)) == len(await acts(past, LOCAL, BLOG)) == 1
    assert [act.action for act in await acts(past, ADA, None)] == ["sign_in"]
    with pytest.raises(Forbidden, match="only for kara"):
        await acts(past, LOCAL, "election")
    with pytest.raises(Forbidden, match=r"Person 'Lou' may read only the audit of its blogs\. Name one"):
        await acts(past, LOCAL, None)


async def test_an_act_names_the_identity_as_it_is(newsroom: Newsroom, past: PastReader):
    await newsroom.post(Request(who=LOCAL, origin=Origin("2001:db8::7", "Because.")), markdown="x")
    act, *_ = await acts(past, ADA, BLOG)
    assert (act.who, act.address, act.reason) == (Actor("person", "Lou", "p7"), "2001:db8::7", "Because.")


async def test_without_versions_in_the_store_there_is_the_entry_as_it_is(newsroom: Newsroom, past: PastReader):
    entry = await newsroom.post(markdown="x")
    newsroom.store._tables.past.forget_versions(BLOG, entry.id)
    (only,), _ = await past.versions(ADA, BLOG, entry.id, before=None, limit=5)
    assert (only.version, only.entry.html, only.at, only.who) == (1, "<p>x</p>", None, None)


async def test_versions_of_a_retracted_entry_are_not_shown_even_if_the_store_has_them(
    newsroom: Newsroom, past: PastReader
):
    entry = await newsroom.post(markdown="secret")
    await newsroom.retract(entry)
    write = Write(entry.id, 1, b"{}")
    newsroom.store._tables.past.keep_version(BLOG, write, None)  # as an older copy of the versions would have it
    shown, more = await past.versions(ADA, BLOG, entry.id, before=None, limit=5)
    assert [(one.version, one.entry.status) for one in shown] == [(2, "retracted")]
    assert not more


async def test_a_page_of_large_versions_has_fewer(newsroom: Newsroom, past: PastReader):
    entry = await newsroom.post(markdown="x")
    for number in range(6):
        await newsroom.patch(entry, markdown=f"{number}" * 240_000)
    numbers: list[int] = []
    more, before = True, None
    while more:
        page, more = await past.versions(ADA, BLOG, entry.id, before=before, limit=50)
        assert 1 <= len(page) <= 3
        numbers += [one.version for one in page]
        before = numbers[-1]
    assert numbers == [7, 6, 5, 4, 3, 2, 1]
