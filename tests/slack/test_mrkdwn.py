"""Slack's markup as Markdown, and as readers see it in the end."""

from __future__ import annotations

import pytest

from stoppress.newsroom.rendering import Rendered
from stoppress.slack.mrkdwn import to_markdown

NAMES = {"U1": "Ann Lee"}


def html(text: str) -> str:
    return Rendered.from_markdown(to_markdown(text, lambda user: NAMES.get(user, user))).html.strip()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "<p>plain</p>"),
        ("*bold* _italic_ ~gone~", "<p><strong>bold</strong> <em>italic</em> <s>gone</s></p>"),
        ("*_both_*", "<p><em><strong>both</strong></em></p>"),
        ("2 * 3 * 4 and a_b_c", "<p>2 * 3 * 4 and a_b_c</p>"),
        ("a\nb", "<p>a<br>b</p>"),
        ("a\n\nb", "<p>a</p><p>b</p>"),
        ("`x < y`", "<p><code>x &lt; y</code></p>"),
        ("`*no*`", "<p><code>*no*</code></p>"),
        ("&lt;b&gt; &amp;amp;", "<p>&lt;b&gt; &amp;amp;</p>"),
        ("<https://x.example/?a=1&amp;b=2|the *site*>", '<a href="https://x.example/?a=1&amp;b=2"'),
        ("<https://x.example/a>", 'href="https://x.example/a"'),
        ("<javascript:alert(1)|x>", "<p>x</p>"),
        ("<@U1> and <@U2|bo>", "<p>@Ann Lee and @bo</p>"),
        ("<!here> <#C1|news> <!date^1^{date}|today>", "<p>@here #news today</p>"),
        ("# no heading", "<p># no heading</p>"),
        ("- no list", "<p>- no list</p>"),
        ("1. no list", "<p>1. no list</p>"),
        ("• one\n• two", "<ul><li>one</li><li>two</li></ul>"),
        ("&gt; quoted", "<blockquote><p>quoted</p></blockquote>"),
        ("[x](https://y.example)", "[x]("),
        ("![x](y)", "<p>![x](y)</p>"),
        ("```a *b*\n  c```", "a *b*\n  c"),
        ("a | b\n--- | ---", "<p>a | b<br>"),
        ("back\\slash", "<p>back\\slash</p>"),
    ],
)
def test_a_message_reads_as_in_slack(text: str, shown: str):
    assert shown in html(text)


@pytest.mark.parametrize(
    "text", ["*" * 20_000, "_a" * 20_000, "<" * 40_000, "`" * 40_000, "*a " * 13_000, "~" * 40_000]
)
def test_a_strange_message_takes_no_time(text: str):
    assert len(to_markdown(text, str)) < 400_000
