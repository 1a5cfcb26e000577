"""The doctor's comparison of a site with the settings of its node."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import httpx

from stoppress.settings import Settings
from stoppress.tools.doctor.caching import kept_seconds
from stoppress.tools.doctor.finding import Finding, ok, warn
from stoppress.tools.doctor.responses import named_origin, origin_of

_CUT_BYTES = 100_000
_ADVICE = "restart the node, or run the doctor with its settings"


class Comparison:
    """Collects what differs.

    Args:
        node: the settings; None: only the addresses that the site names are compared.
        wrong: the names of settings that are not compared.
    """

    def __init__(self, node: Settings | None, wrong: Collection[str]) -> None:
        self._node = node
        self._wrong = wrong
        self._same: list[str] = []
        self._differences: list[str] = []
        self._named = ""

    def content(self, page: httpx.Response, changes: httpx.Response) -> None:
        """Compare the page of a blog and its changes."""
        self._named = named_origin(page.text)
        if self._node is None:
            return
        kept, said = kept_seconds(page), self._node.page_max_age
        text = f"caches may keep pages for {kept:g} s, and STOPPRESS_PAGE_MAX_AGE is {said}"
        self._note("page_max_age", text, differs=kept != said)
        reset = changes.json()
        shown, newest = len(reset["entries"]), self._node.newest
        is_cut = len(changes.content) > _CUT_BYTES  # a reset that would be too long has fewer entries
        text = f"{shown} newest entries, and STOPPRESS_NEWEST is {newest}"
        self._note("newest", text, differs=shown > newest or (shown < newest and "older" in reset and not is_cut))
        if url := self._node.public_url:
            text = f"its pages do not name {url}, which is STOPPRESS_PUBLIC_URL"
            self._note("public_url", text, differs=url not in page.text)

    def beats(self, times: Sequence[float]) -> None:
        """Compare the interval of beats; `times` are in seconds."""
        if self._node is not None and len(times) >= 2:
            seen, said = times[1] - times[0], self._node.beat
            text = f"a beat every {seen:.1f} s, and STOPPRESS_BEAT is {said:g}"
            self._note("beat", text, differs=abs(seen - said) > max(1.0, said / 4))

    def _note(self, name: str, difference: str, *, differs: bool) -> None:
        if name in self._wrong:
            return
        if differs:
            self._differences.append(difference)
        else:
            self._same.append(f"STOPPRESS_{name.upper()}")

    def findings(self, origin: str) -> Iterator[Finding]:
        """Yield what differs. `origin` is that of the site as readers see it."""
        said = self._node.public_url if self._node is not None and "public_url" not in self._wrong else ""
        if said and origin_of(said) != origin:
            yield warn("public url", f"STOPPRESS_PUBLIC_URL is {said}, but --url is {origin}; correct one of them")
        if self._named and self._named not in (origin, said):
            text = f"the pages name {self._named} as their address, but --url is {origin}"
            yield warn("public url", f"{text}; set STOPPRESS_PUBLIC_URL={origin}")
        if self._differences:
            yield warn("settings", f"the site differs: {'; '.join(self._differences)}; {_ADVICE}")
        elif self._same:
            yield ok("settings", f"the site answers as {', '.join(self._same)} say")
