"""Markup that runs a script where it is not made safe, in the forms of the collections that everybody attacks with."""

from __future__ import annotations

RUN = "window.executed=1"

ELEMENTS = (
    "<script>{run}</script>|<script src=data:,{run}></script>|<img src=x onerror={run}>|<svg onload={run}>|"
    "<svg><script>{run}</script></svg>|<svg><animate onbegin={run} attributeName=x dur=1s>|<body onload={run}>|"
    "<iframe srcdoc='<script>parent.{run}</script>'>|<iframe src=javascript:{run}>|<object data=javascript:{run}>|"
    "<embed src=javascript:{run}>|<details open ontoggle={run}>|<video><source onerror={run}></video>|"
    "<audio src=x onerror={run}>|<input autofocus onfocus={run}>|<select autofocus onfocus={run}>|"
    "<textarea autofocus onfocus={run}>|<marquee onstart={run}>|<math><mtext><script>{run}</script></mtext></math>|"
    "<a href=javascript:{run} id=x autofocus tabindex=1 onfocus={run}>x</a>|<form action=javascript:{run}><button>|"
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>|<base href=javascript:{run}//>|"
    "<link rel=stylesheet href=javascript:{run}>|<style>@import 'javascript:{run}';</style>|"
    '<div style="background:url(javascript:{run})">|<p onmouseover={run} style=position:fixed;inset:0>x|'
    '<template><script>{run}</script></template>|<noscript><p title="</noscript><img src=x onerror={run}>">|'
    '<xmp><p title="</xmp><img src=x onerror={run}>">|<title><img title="</title><img src=x onerror={run}>">|'
    "<img src=`x`onerror={run}>|<img/src=x/onerror={run}>|<IMG SRC=x ONERROR={run}>|<img src=x onerror\n=\n{run}>|"
    "<scr<script>ipt>{run}</scr</script>ipt>|<<script>{run}//<</script>|<script\x0c>{run}</script>|"
    "<svg><style><img src=x onerror={run}></style></svg>|<math href=javascript:{run}>x</math>"
).split("|")
"""Each with `{run}` where the script stands."""
