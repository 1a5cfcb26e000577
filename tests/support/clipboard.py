"""Makes what programs put on the clipboard as HTML: the shapes are real, the texts are random."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

SHAPES = dict(
    shape.partition("\n")[::2]
    for shape in Path(__file__).parents[1].joinpath("vectors/clipboard.txt").read_text().split("\n## ")[1:]
)
"""HTML with placeholders, by program."""

_WORDS = (
    "the minister said that talks in Vienna would resume on Friday after a night of rain, smoke &amp; delays; nobody"
    " was hurt when tram 12 left Karlsplatz at 7:30 — «officials» in Zürich, İzmir and 東京 saw 5 &lt; 6 odd “ends”"
).split()

_LINES = (
    *("{say}", "{say} <b>{say}</b>", "<strong>{say}</strong>: {say}", "{say}&nbsp; {say}", "{say}\n   {say}"),
    *('{say} <a href="https://example.org/a?b=1&amp;c=2">{say}</a>', "<em>{say}</em>{say}", "{say}<sup>2</sup> {say}"),
    *("{say}<br>{say}", "{say} {hidden}{say}", "{say}{hidden}", "<span><span>{say}</span></span> <i>{say} </i>{say}"),
)

_HIDDEN = (
    '<span style="display:none">unseen</span>',
    '<span style="color: red; DISPLAY: none !important">unseen</span>',
    "<span hidden>unseen</span>",
    '<b style="visibility:hidden">unseen</b>',
    '<span style="font-size:0px;line-height:0">unseen</span>',
    '<i style="opacity:0">unseen</i>',
    '<span style="position:absolute;left:-10000px">unseen</span>',
    '<span style="position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0, 0, 0, 0)">unseen</span>',
    '<span style="color:transparent">unseen</span>',
    '<div style="display:none"><p>unseen</p><ul><li>unseen</ul></div>',
    "<template>unseen</template>",
    "<script>unseen()</script>",
    "<noscript>unseen</noscript>",
    "<!-- unseen -->",
    "<!--[if gte mso 9]><xml><w:View>unseen</w:View></xml><![endif]-->",
    "<svg><title>unseen</title><path d='M0 0'/></svg>",
    "<dialog>unseen</dialog>",
    "<iframe src='https://ads.example/'>unseen</iframe>",
    "<style>.x{content:'unseen'}</style>",
    "<object data='x'></object><video>unseen</video>",
)


def fragments(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Yield programs and fragments from them, the same ones for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        program = list(SHAPES)[number % len(SHAPES)]
        yield program, _filled(SHAPES[program], chance)


def _filled(shape: str, chance: random.Random) -> str:
    while "{{" in shape:  # the innermost first
        shape = re.sub(
            r"\{\{((?:(?!\{\{).)*?)\}\}", lambda found: found[1] * chance.randint(1, 4), shape, flags=re.DOTALL
        )
    for name, choices in (("{line}", _LINES), ("{hidden}", _HIDDEN)):
        shape = re.sub(name, lambda _, choices=choices: chance.choice(choices), shape)  # type: ignore[misc]
    return re.sub("{say}", lambda _: " ".join(chance.choices(_WORDS, k=chance.randint(2, 9))), shape)
