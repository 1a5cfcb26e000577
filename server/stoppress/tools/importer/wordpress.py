"""WordPress: an export (WXR) of posts with entries of the Liveblog plugin, which are comments of the type `liveblog`.

An edit is a further comment that names the first one in `liveblog_replaces`, and so is a deletion, whose content is
empty. Key events have `liveblog_key_entry` in the metadata of the comment or, as the plugin mixes them up, of the post
with the comment's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from stoppress.tools.importer.found import BlogFile, Found, WrongFile, clipped, made_id, people, tags
from stoppress.tools.importer.safe_xml import Element

_KIND = "liveblog"

_COMMAND = re.compile(r'<span class="liveblog-command[^"]*type-key[^"]*">[^<]*</span>|(?<![\w/])/key(?!\w)')
_HASH = re.compile(r'<span class="liveblog-hash[^"]*">#?([^<]*)</span>')
_BLOCK = re.compile(r"</?(p|div|h[1-6]|ul|ol|li|blockquote|table|figure|pre|hr|iframe|video|audio)\b", re.IGNORECASE)
_SHORTCODE = re.compile(r"\[/?(caption|embed|gallery|video|audio|playlist|liveblog_key_events)\b[^\]]*\]")
_ADDRESS = re.compile(r"https?://\S+")


class _Post(NamedTuple):
    """A post with entries."""

    element: Element
    id: str
    slug: str
    comments: list[Element]


def is_whole(name: str) -> bool:
    """Return whether `read_wordpress` needs an element with all that is in it."""
    return name == "item" or _is_author(name)


def _is_author(name: str) -> bool:
    """Return whether an element describes a user of the site. Its namespace has the version of the format."""
    return name.startswith("{http://wordpress.org/export/") and name.endswith("}author")


def read_wordpress(parts: Iterable[Element], wanted: str = "") -> BlogFile:
    """Return the live blog of one post.

    Args:
        parts: the items, and the users of the site.
        wanted: the number or the slug of the post; needed if several have entries.

    Raises:
        WrongFile: no post has entries, or several have.
    """
    posts: list[_Post] = []
    users: dict[str, str] = {}
    keys: set[str] = set()
    site = ""
    for part in parts:
        if _is_author(part.name):
            users[_wp(part, "author_id")] = _wp(part, "author_display_name") or _wp(part, "author_login")
        elif part.name.endswith("}base_site_url") or (part.name == "link" and not site):
            site = part.text.strip() or site
        elif part.name == "item":
            comments = [one for one in _all(part, "comment") if _wp(one, "comment_type") == _KIND]
            if _meta(part, "postmeta").get("liveblog_key_entry") == "true":
                keys.add(_wp(part, "post_id"))
            if comments:
                posts.append(_Post(part, _wp(part, "post_id"), _wp(part, "post_name"), comments))
    post = _chosen(posts, wanted)
    return _LiveBlog(post, users, keys, site or "wordpress").content()


def _chosen(posts: list[_Post], wanted: str) -> _Post:
    fitting = [post for post in posts if wanted in ("", post.id, post.slug)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{post.id} ({post.slug})" for post in posts[:10]) or "none"
    if not posts:
        raise WrongFile(1, "no post has entries of the Liveblog plugin (comments of the type `liveblog`)")
    reason = f"no post {wanted!r} has entries" if wanted else f"{len(posts)} posts have entries"
    raise WrongFile(posts[0].element.line, f"{reason}; choose one with --post: {names}")


class _LiveBlog:
    def __init__(self, post: _Post, users: dict[str, str], keys: set[str], site: str) -> None:
        self._post = post
        self._users = users
        self._keys = keys
        self._site = site
        self._entries: dict[str, Found] = {}
        self._notes: list[str] = []

    def content(self) -> BlogFile:
        """Return the header and the entries, the oldest first."""
        comments = sorted(self._post.comments, key=lambda one: int(_wp(one, "comment_id") or 0))
        originals = [one for one in comments if not _meta(one, "commentmeta").get("liveblog_replaces")]
        for comment in originals:
            self._add(comment)
        for comment in comments:
            if replaced := _meta(comment, "commentmeta").get("liveblog_replaces"):
                self._replace(replaced, comment)
        entries = sorted(self._entries.values(), key=lambda one: one.fields["published_at"])
        return BlogFile(self._header(), [one for one in entries if self._has_body(one)], self._notes)

    def _header(self) -> Found:
        item = self._post.element
        header: dict[str, Any] = {"headline": clipped(item.first("title"), 500)}
        excerpts = [one for one in item.children if one.name.endswith("/excerpt/}encoded")]
        if excerpts and (excerpt := re.sub(r"<[^>]*>", "", excerpts[0].text).strip()):
            header["standfirst"] = clipped(excerpt, 5_000)
        state = _meta(item, "postmeta").get("liveblog")
        header["status"] = "live" if state == "enable" else "ended"
        found = [one.text for one in item.all("category") if one.attributes.get("domain") in ("category", "post_tag")]
        return Found(item.line, header | {"tags": tags(found)})

    def _add(self, comment: Element) -> None:
        number, at = _wp(comment, "comment_id"), _date(comment)
        fields: dict[str, Any] = {"id": made_id(f"{self._site} {self._post.id}", number), "published_at": at}
        if _wp(comment, "comment_approved") == "trash":
            self._entries[number] = Found(comment.line, fields | {"status": "retracted", "retracted_at": at})
            return
        self._entries[number] = Found(comment.line, fields | self._body(comment, number) | self._authors(comment))

    def _replace(self, number: str, comment: Element) -> None:
        """Take an edit or a deletion. The entry keeps its time of publication and its authors."""
        at, before = _date(comment), self._entries.get(number)
        if before is None:  # the first comment was deleted for good: an export has no more than the last words
            self._notes.append(f"Line {comment.line}: the entry {number} that this changes is not in the file.")
            return
        kept = {name: before.fields[name] for name in ("id", "published_at")}
        if not _wp(comment, "comment_content"):
            self._entries[number] = Found(before.line, kept | {"status": "retracted", "retracted_at": at})
        elif before.fields.get("status") != "retracted":
            authors = {"authors": before.fields["authors"]} if "authors" in before.fields else {}
            changed = self._body(comment, number) | authors | {"updated_at": max(at, kept["published_at"])}
            if before.fields.get("key"):
                changed["key"] = True
            self._entries[number] = Found(before.line, kept | changed)

    def _body(self, comment: Element, number: str) -> dict[str, Any]:
        content = _wp(comment, "comment_content")
        is_key = _meta(comment, "commentmeta").get("liveblog_key_entry") == "true" or number in self._keys
        is_key = is_key or _COMMAND.search(content) is not None
        found = tags(_HASH.findall(content))
        html = paragraphs(_HASH.sub(r"#\1", _COMMAND.sub("", content)))
        return {"html": html, **({"key": True} if is_key else {}), **({"tags": found} if found else {})}

    def _authors(self, comment: Element) -> dict[str, Any]:
        meta = _meta(comment, "commentmeta")
        if meta.get("liveblog_hide_authors"):
            return {}
        names = [(_wp(comment, "comment_author"), _wp(comment, "comment_author_url"))]
        ids = re.findall(r'(?:s:\d+:"|;i:)(\d+)"?;', meta.get("liveblog_contributors", ""))
        names += [(self._users.get(one, ""), "") for one in ids]
        found = people(names)
        return {"authors": found} if found else {}

    def _has_body(self, entry: Found) -> bool:
        is_there = entry.fields.get("status") == "retracted" or bool(entry.fields.get("html"))
        if not is_there:
            self._notes.append(f"Line {entry.line}: the entry is empty and was left out.")
        return is_there


def paragraphs(content: str) -> str:
    """Return the content of a comment as WordPress shows it: blank lines are between paragraphs, others are breaks."""
    content = _SHORTCODE.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    found = []
    for part in re.split(r"\n\s*\n", content.strip()):
        part = part.strip()
        if _ADDRESS.fullmatch(part):
            found.append(f'<p><a href="{part}">{part}</a></p>')
        elif part:
            found.append(part if _BLOCK.match(part) else f"<p>{part.replace(chr(10), '<br>')}</p>")
    return "\n".join(found)


def _date(comment: Element) -> str:
    text = _wp(comment, "comment_date_gmt")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat()
    except ValueError:
        raise WrongFile(comment.line, f"`comment_date_gmt` is not a time: {text[:60]!r}") from None


def _all(element: Element, name: str) -> list[Element]:
    """Return the children of a name of WordPress, whose namespace has the version of the format."""
    return [one for one in element.children if one.name.endswith(f"}}{name}") and "/export/" in one.name]


def _wp(element: Element, name: str) -> str:
    return next((one.text.strip() for one in _all(element, name)), "")


def _meta(element: Element, name: str) -> dict[str, str]:
    return {_wp(one, "meta_key"): _wp(one, "meta_value") for one in _all(element, name)}
