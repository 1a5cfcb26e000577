"""Read XML of strangers: no entities of its own, nothing from elsewhere, and nothing unbounded.

Expat reads it. A document that declares an entity is refused, so there is nothing that could expand; parameter entities
and external ones are never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import NoReturn
from xml.parsers import expat

from stoppress.tools.importer.found import WrongFile

_MAX_DEPTH = 200

_MAX_ELEMENT_CHARACTERS = 64 * 1024 * 1024

_VOID = frozenset(("area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
"""Elements of HTML without an end tag."""


class Element:
    """An element with its content. Names are `{namespace}local`, or `local` without a namespace."""

    __slots__ = ("attributes", "content", "line", "name")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.content: list[Element | str] = []

    @property
    def children(self) -> list[Element]:
        return [one for one in self.content if isinstance(one, Element)]

    @property
    def text(self) -> str:
        """The text in it and below it."""
        return "".join(one if isinstance(one, str) else one.text for one in self.content)

    def all(self, name: str) -> list[Element]:
        """Return the children of a name."""
        return [one for one in self.children if one.name == name]

    def first(self, *names: str) -> str:
        """Return the text of the first child that has one of the names and a text, in the order of the names."""
        texts = (one.text.strip() for name in names for one in self.all(name))
        return next((text for text in texts if text), "")

    def html(self) -> str:
        """Return the content as HTML."""
        return "".join(escape(one, quote=False) if isinstance(one, str) else _tag(one) for one in self.content)


def _tag(element: Element) -> str:
    name = element.name.rpartition("}")[2]
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in element.attributes.items() if "}" not in key)
    return f"<{name}{attributes}>" + ("" if name in _VOID else f"{element.html()}</{name}>")


def elements(pieces: Iterable[bytes], is_whole: Callable[[str], bool]) -> Iterator[Element]:
    """Yield each element whose name `is_whole` takes, with all that is in it, and of the others those with text alone.

    Raises:
        WrongFile: it is not XML, declares entities, or is nested too deep.
    """
    reader = _Reader(is_whole)
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.feed(b"", last=True)


class _Reader:
    def __init__(self, is_whole: Callable[[str], bool]) -> None:
        self._is_whole = is_whole
        self._open: list[Element] = []
        self._kept = 0  # how many open elements are, or are in, an element that is to be whole
        self._size = 0
        self._done: list[Element] = []
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse
        self._parser.UnparsedEntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def feed(self, piece: bytes, *, last: bool = False) -> list[Element]:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise WrongFile(error.lineno, f"it is not XML: {expat.ErrorString(error.code)}") from None
        except (ValueError, LookupError) as error:  # an encoding that Python does not know
            raise WrongFile(self._parser.CurrentLineNumber, f"it cannot be read: {error}") from None
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise WrongFile(self._parser.CurrentLineNumber, f"more than {_MAX_DEPTH} elements are nested")
        named = {_named(key): value for key, value in attributes.items()}
        self._open.append(Element(_named(name), named, self._parser.CurrentLineNumber))
        if self._kept or self._is_whole(self._open[-1].name):
            self._kept += 1
        else:
            self._size = 0

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if self._kept > 1:
            self._open[-1].content.append(element)
        else:
            if self._kept or not element.children:
                self._done.append(element)
            if self._open:  # so that its parent does not count as one with text alone
                self._open[-1].content = [Element("", {}, 0)]
            self._size = 0
        self._kept = max(0, self._kept - 1)

    def _text(self, text: str) -> None:
        self._size += len(text)
        if self._size > _MAX_ELEMENT_CHARACTERS:
            raise WrongFile(
                self._parser.CurrentLineNumber, f"one element has more than {_MAX_ELEMENT_CHARACTERS} characters"
            )
        if self._open:
            self._open[-1].content.append(text)

    def _refuse(self, *_: object) -> NoReturn:
        raise WrongFile(
            self._parser.CurrentLineNumber, "it declares an entity, which may be an attack; remove its DOCTYPE"
        )


def _named(name: str) -> str:
    return "{" + name if "}" in name else name
