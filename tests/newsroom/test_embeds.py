"""Addresses of known sites become frames that show the same: the same film from the same second."""

from __future__ import annotations

import pytest

from stoppress.newsroom.embeds import HOSTS, frame_of
from tests.support.paths import ROOT

_YOUTUBE = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1"
_VIMEO = "https://player.vimeo.com/video/123456789?dnt=1&autoplay=1"
_X = "https://platform.twitter.com/embed/Tweet.html?dnt=true&id=1234567890"
_INSTAGRAM = "https://www.instagram.com/p/CabcDE_f/embed/"
_TIKTOK = "https://www.tiktok.com/embed/v2/7123456789012345678"
_FACEBOOK = "https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2F"

FRAMES = {
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ": _YOUTUBE,
    "HTTPS://M.YouTube.com/watch?app=desktop&v=dQw4w9WgXcQ&t=90s": f"{_YOUTUBE}&start=90",
    "https://music.youtube.com/watch?v=dQw4w9WgXcQ&list=RDAMVM": f"{_YOUTUBE}&list=RDAMVM",
    "https://youtu.be/dQw4w9WgXcQ?t=1862": f"{_YOUTUBE}&start=1862",
    "https://youtu.be/dQw4w9WgXcQ?si=x&t=1h2m3s": f"{_YOUTUBE}&start=3723",
    "https://www.youtube.com/shorts/dQw4w9WgXcQ?feature=share": _YOUTUBE,
    "http://youtube.com/live/dQw4w9WgXcQ#t=20": f"{_YOUTUBE}&start=20",
    "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?start=30&end=40": f"{_YOUTUBE}&start=30&end=40",
    "https://www.youtube.com/playlist?list=PL123": _YOUTUBE.replace("dQw4w9WgXcQ", "videoseries") + "&list=PL123",
    "https://vimeo.com/123456789": _VIMEO,
    "https://vimeo.com/123456789/abcdef1234?share=copy": f"{_VIMEO}&h=abcdef1234",
    "https://player.vimeo.com/video/123456789?h=abcdef1234#t=1m2s": f"{_VIMEO}&h=abcdef1234#t=62s",
    "https://vimeo.com/channels/staffpicks/123456789#t=62s": f"{_VIMEO}#t=62s",
    "https://vimeo.com/showcase/1234567/video/123456789": _VIMEO,
    "https://vimeo.com/event/123456": "https://vimeo.com/event/123456/embed",
    "https://twitter.com/a/status/1234567890?ref_src=x": _X,
    "https://x.com/i/web/status/1234567890": _X,
    "https://www.instagram.com/bbc/reel/CabcDE_f/?igsh=1": _INSTAGRAM,
    "https://www.instagram.com/p/CabcDE_f/embed/captioned": _INSTAGRAM,
    "https://www.tiktok.com/@a.b/video/7123456789012345678?x=1": _TIKTOK,
    "https://www.tiktok.com/player/v1/7123456789012345678": _TIKTOK,
    "https://www.facebook.com/watch/?v=123456789": f"{_FACEBOOK}watch%2F%3Fv%3D123456789",
    "https://m.facebook.com/bbc/videos/a-title/123456789/": f"{_FACEBOOK}watch%2F%3Fv%3D123456789",
    "https://www.facebook.com/reel/123456789": f"{_FACEBOOK}reel%2F123456789",
    "https://www.facebook.com/plugins/video.php?width=1&href=https%3A%2F%2Fwww.facebook.com%2Freel%2F123456789": (
        f"{_FACEBOOK}reel%2F123456789"
    ),
    "https://example.org/youtube.com/watch?v=dQw4w9WgXcQ": None,
    "https://youtube.com.example.org/watch?v=dQw4w9WgXcQ": None,
    "https://www.youtube.com/@channel": None,
    "https://vimeo.com/about": None,
    "javascript:https://youtu.be/dQw4w9WgXcQ": None,
}


@pytest.mark.parametrize("address", FRAMES)
def test_an_address_has_a_frame(address: str):
    frame = frame_of(address)
    assert (frame and frame.address) == FRAMES[address]


def test_the_documentation_names_all_hosts_of_frames():
    text = (ROOT / "docs/howto/embed.md").read_text()
    assert [host for host in HOSTS.split() if f"<{host}>" not in text] == []
