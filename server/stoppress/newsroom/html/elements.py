"""The elements of HTML that pasted text may have, and how they are read."""

from __future__ import annotations

TABLE = frozenset("table caption thead tbody tfoot tr td th".split())

BOXES = {tag: tag for tag in ("ul", "ol", "li", "dl", "dt", "dd", "blockquote", "figure", "figcaption", *TABLE)}
BOXES |= {"menu": "ul", "dir": "ul"}
"""Elements that contain paragraphs, and what they become."""

BLOCKS = BOXES.keys() | frozenset(
    "address article aside body center details dialog div fieldset footer form h1 h2 h3 h4 h5 h6 header hgroup html "
    "legend main nav optgroup option p pre search section summary".split()
)
"""Elements that stand in lines of their own."""

INLINE = {tag: tag for tag in "a abbr b cite code del em i ins mark q s small strong sub sup time u".split()}
INLINE |= {"strike": "s", "kbd": "code", "samp": "code", "tt": "code", "var": "i", "dfn": "i"}
"""Elements that format text, and what they become."""

VOID = frozenset("area br col embed hr img input source track wbr".split())

REPLACED = frozenset(
    "annotation annotation-xml audio canvas datalist iframe meter object progress rp select textarea video".split()
)
"""Elements whose text is not shown, because something else is shown in its place."""

UNSEEN = frozenset("head noembed noframes noscript script style svg template title".split())
"""Elements without any text that is shown as such."""

TAGS = frozenset(
    "amp-youtube big button font label lite-youtube math mfrac mi mn mo mover mpadded mroot mrow ms mspace msqrt "
    "mstyle msub msubsup msup mtable mtd mtext mtr munder munderover nobr oembed rt ruby semantics span".split()
).union(BLOCKS, INLINE, VOID, REPLACED)
"""All elements that are read."""

ATTRIBUTES = frozenset(
    "alt aria-level cite class colspan data data-href data-instgrm-permalink data-oembed-url data-src data-videoid "
    "datetime height hidden href id name open popover role rowspan scope src srcset start style title type url videoid "
    "width".split()
)
"""All attributes that are read."""
