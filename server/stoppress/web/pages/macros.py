"""Macros of the templates as data, so that browsers fill the same ones: client_js/src/view/macros.js does it.

A macro becomes a list, in JSON, of

- text, as it stands;
- `[PATH]`: a value, escaped; `[PATH, 0]`: as it is (`safe`); `[PATH, 1]`: if it is an address of the web (`web`);
  `[PATH, 2]`: a time in UTC (`utc`);
- `[PATH, NAME, LIST]`: the list for each item of a value, which NAME stands for in it, and `@NAME` for its `loop`;
- `[TESTS, LIST, LIST]`: the first list if one of the tests holds, else the second, which may be left out. A test is a
  path, or `PATH=TEXT`.

What depends on the language alone is worked out here. Everything else that Jinja can do is refused at the start, and so
is what the values do not have: what is nothing for Jinja might be something for JavaScript, as `length` is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateAssertionError
from markupsafe import escape

from stoppress.model import Entry, Media
from stoppress.web.pages import embeds
from stoppress.web.pages.texts import Text

List = list[Any]

MAX_MACRO_CHARACTERS = 64 * 1024
"""Characters of a macro, with those that it calls."""

OUTPUTS = {"safe": 0, "web": 1, "utc": 2}
"""Filters at the end of a text."""

FIELDS = {"frame": (Media, embeds.Frame), "updated": (Entry, str)}
"""Filters that browsers have as fields of what they are applied to, and what they make of what: see `Macros` in
client_js/src/view/macros.js."""


def said(value: object) -> object:
    """What Jinja writes of a value, and browsers too."""
    return "" if value is None or value is False else "true" if value is True else value


class Exporter(CodeGenerator):
    """Jinja's, but templates hand on what they import: so one that goes over ours has what others look for there."""

    def visit_FromImport(self, node: nodes.FromImport, frame: Frame) -> None:  # noqa: N802, Jinja's name
        super().visit_FromImport(node, frame)
        if frame.toplevel:
            self.writeline(f"context.exported_vars.update({[here for _, here in _imported(node)]!r})")


class Path(NamedTuple):
    """Where a value will be found."""

    path: str
    kind: Any
    """Its type."""


class Choice(NamedTuple):
    """An argument that is the one value or the other: it is compiled where it is used, as where it stands."""

    body: _Body
    node: nodes.Or


class Loop(NamedTuple):
    """What `loop` has in a loop."""

    first: bool


class Macro(NamedTuple):
    template: str
    node: nodes.Macro
    has_context: bool = True
    """Whether it sees what is said to all: see `Macros.context`."""


class Macros:
    """The macros of an environment.

    Args:
        environment: has the templates.
        texts: the words of one language, which macros call `t`.
    """

    def __init__(self, environment: Environment, texts: Mapping[str, Any]) -> None:
        self._environment = environment
        self.context: Mapping[str, Any] = {"t": texts, "home": Path("home", str)}
        """What macros see beside their arguments."""
        self._templates: dict[str, dict[str, Macro]] = {}

    def compiled(self, template: str, name: str, arguments: Mapping[str, Any]) -> List:
        """A macro as data.

        Args:
            arguments: what it is given, by name, and the types.

        Raises:
            TemplateAssertionError: the macro, or one that it calls, does what browsers cannot.
        """
        macro = self.find(template, name)
        if macro is None or [argument.name for argument in macro.node.args] != list(arguments):
            wanted = f"macro {name}({', '.join(arguments)})"
            raise TemplateAssertionError(
                f"browsers need the {wanted}", macro.node.lineno if macro else 1, name=template
            )
        scope = {argument: Path(argument, kind) for argument, kind in arguments.items()}
        made = _Body(self, macro, scope, {*arguments, *self.context}).compile(macro.node.body)
        if len(repr(made)) > MAX_MACRO_CHARACTERS:
            raise TemplateAssertionError(f"{name} is too long for browsers", macro.node.lineno, name=macro.template)
        return made

    def find(self, template: str, name: str) -> Macro | None:
        """One of those of a template and those that it imports, by the name that it has for it."""
        if template not in self._templates:
            found = self._templates[template] = {}
            for node in self._parsed(template).body:
                self._check(template, node)
                if isinstance(node, nodes.Macro):
                    found[node.name] = Macro(template, node)
                elif isinstance(node, nodes.FromImport) and isinstance(node.template, nodes.Const):
                    for there, here in _imported(node):
                        macro = self.find(node.template.value, there)
                        if macro:
                            found[here] = macro._replace(has_context=macro.has_context and node.with_context)
        return self._templates[template].get(name)

    def _check(self, template: str, node: nodes.Node) -> None:
        """Macros of a template would see what that calls so."""
        match node:
            case nodes.Macro(name=name) | nodes.Import(target=name):
                names = [name]
            case nodes.FromImport():
                names = [here for _, here in _imported(node)]
            case _:
                names = [name.name for name in node.find_all(nodes.Name) if name.ctx == "store"]
        for name in names:
            if name in self.context:
                raise TemplateAssertionError(f"nothing else may be called {name}", node.lineno, name=template)

    def _parsed(self, template: str) -> nodes.Template:
        loader = self._environment.loader
        assert loader is not None
        source, file, _ = loader.get_source(self._environment, template)
        return self._environment.parse(source, template, file)


class _Body:
    """Compiles what is in a macro, or in a part of it.

    Args:
        macros: those that may be called.
        macro: what it stands in.
        scope: what names stand for: a path, a choice, or a value that is known.
        taken: the names that browsers have for something else when they come here.
        depth: of calls.
    """

    def __init__(self, macros: Macros, macro: Macro, scope: Mapping[str, Any], taken: Set[str], depth: int = 0) -> None:
        self._macros = macros
        self._macro = macro
        self._scope = scope
        self._taken = taken
        self._depth = depth

    def compile(self, body: Sequence[nodes.Node]) -> List:
        made: List = []
        for node in body:
            for part in self._statement(node):
                if isinstance(part, str) and made and isinstance(made[-1], str):
                    made[-1] += part
                elif part != "":
                    made.append(part)
        return made

    def _statement(self, node: nodes.Node) -> List:
        match node:
            case nodes.Output(nodes=values):
                return [part for value in values for part in self._output(value)]
            case nodes.If(test=test, body=body, elif_=elifs, else_=last):
                otherwise = [nodes.If(elifs[0].test, elifs[0].body, elifs[1:], last)] if elifs else last
                return self.choose(test, self.compile(body), self.compile(otherwise))
            case nodes.For(
                target=nodes.Name(name=name), iter=iterated, else_=[], test=None, recursive=False, body=body
            ):
                items = self._path(iterated, list)
                own = name
                while own in self._taken:
                    own += "_"
                scope = {**self._scope, name: Path(own, get_args(items.kind)[0]), "loop": Path(f"@{own}", Loop)}
                inner = _Body(self._macros, self._macro, scope, self._taken | {own}, self._depth)
                return [[items.path, own, inner.compile(body)]]
        raise self._refusal(node)

    def _output(self, node: nodes.Node) -> List:
        match node:
            case nodes.TemplateData(data=data):
                return [data]
            case nodes.Const(value=None | bool()):
                raise self._refusal(node)  # Jinja writes those otherwise than values
            case nodes.Call(node=nodes.Name(name=name)) if name not in self._scope:
                if macro := self._macros.find(self._macro.template, name):
                    return self._call(node, macro)
            case nodes.Or(left=left, right=right):
                return self.choose(left, self._output(left), self._output(right))
            case nodes.Filter(name=name, node=inner, args=[], kwargs=[]) if name in OUTPUTS and inner is not None:
                return [[self._path(inner, str).path, OUTPUTS[name]]]
        value = self._value(node)
        match value:
            case Choice(body=body, node=choice):
                return body._output(choice)
            case Path(path=path, kind=kind) if kind in (str, int, bool) or get_origin(kind) is Literal:
                return [[path]]
            case None | str() | int() | float():
                return [str(escape(said(value)))]
        raise self._refusal(node)

    def _call(self, call: nodes.Call, macro: Macro) -> List:
        names = [argument.name for argument in macro.node.args]
        if self._depth > 20 or len(call.args) != len(names) or call.kwargs or call.dyn_args or call.dyn_kwargs:
            raise self._refusal(call)
        scope = dict(zip(names, map(self._argument, call.args), strict=True))
        macro = macro._replace(has_context=macro.has_context and self._macro.has_context)
        return _Body(self._macros, macro, scope, self._taken, self._depth + 1).compile(macro.node.body)

    def _argument(self, node: nodes.Node) -> Any:
        if not isinstance(node, nodes.Or):
            return self._value(node)
        self._output(node)  # refuses where it stands what cannot be
        return Choice(self, node)

    def choose(self, test: nodes.Node, yes: List, no: List) -> List:
        """What shows one list or the other."""
        match test:
            case nodes.Not(node=inner):
                return self.choose(inner, no, yes)
            case nodes.And(left=left, right=right):
                return self.choose(left, self.choose(right, yes, no), no)
            case nodes.Or(left=left, right=right):
                first, second = self.choose(left, yes, no), self.choose(right, yes, no)
                tests = [_test(made, yes, no) for made in (first, second)]
                if None not in tests:
                    return _branches([*_listed(tests[0]), *_listed(tests[1])], yes, no)
                return self.choose(left, yes, second)
            case nodes.Compare(expr=expr, ops=[nodes.Operand(op="eq" | "ne" as op, expr=nodes.Const(value=str(text)))]):
                yes, no = (yes, no) if op == "eq" else (no, yes)
                value = self._value(expr)
                if isinstance(value, Path) and text and "=" not in text:
                    return _branches(f"{value.path}={text}", yes, no)
                if isinstance(value, Path | Choice):
                    raise self._refusal(test)
                return yes if value == text else no
        value = self._value(test)
        match value:
            case Choice(body=body, node=choice):
                return body.choose(choice, yes, no)
            case Path(path=path):
                return _branches(path, yes, no)
        return yes if value else no

    def _path(self, node: nodes.Node, kind: type) -> Path:
        """Where a value of a type will be found."""
        value = self._value(node)
        if isinstance(value, Path) and kind in (value.kind, get_origin(value.kind)):
            return value
        raise self._refusal(node)

    def _value(self, node: nodes.Node) -> Any:
        match node:
            case nodes.Const(value=value):
                return value
            case nodes.Name(name=name) if name in self._scope:
                return self._scope[name]
            case nodes.Name(name=name) if self._macro.has_context and name in self._macros.context:
                return self._macros.context[name]
            case nodes.Getattr(node=inner, attr=key) | nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
                return self._field(node, self._value(inner), key)
            case nodes.Filter(name=name, node=inner, args=[], kwargs=[]) if name in FIELDS and inner is not None:
                kind, made = FIELDS[name]
                return Path(f"{self._path(inner, kind).path}.{name}", made)
        raise self._refusal(node)

    def _field(self, node: nodes.Node, value: Any, key: str) -> Any:
        match value:
            case Path(path=path, kind=kind) if key in (fields := _fields(kind)):
                return Path(f"{path}.{key}", fields[key])
            case Mapping() if key in value:
                return value[key]
            case Text() if key in ("before", "after"):
                return getattr(value, key)
        raise self._refusal(node)

    def _refusal(self, node: nodes.Node) -> Exception:
        return TemplateAssertionError(
            "browsers fill this macro too, and cannot do that: they know if, for, and, or, not, == with a text, "
            "the fields that there are, loop.first, t, home (where an import says `with context`), calls of macros "
            f"with all arguments in their order, and the filters {', '.join([*OUTPUTS, *FIELDS])}",
            node.lineno or self._macro.node.lineno,
            name=self._macro.template,
        )


def _imported(node: nodes.FromImport) -> list[tuple[str, str]]:
    """The names of what is imported, there and here."""
    return [(name, name) if isinstance(name, str) else name for name in node.names]


def _fields(kind: Any) -> dict[str, Any]:
    """The types of what a value has."""
    hints = get_type_hints(kind) if hasattr(kind, "__annotations__") else {}
    return {name: _given(hint) for name, hint in hints.items()}


def _given(hint: Any) -> Any:
    """A type without `None`."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    return next(one for one in get_args(hint) if one is not NoneType)


def _branches(test: Any, yes: List, no: List) -> List:
    yes, no = ([part for part in parts if part != ""] for parts in (yes, no))
    return [[test, yes, no] if no else [test, yes]]


def _test(made: List, yes: List, no: List) -> Any:
    """The test with which something chooses between two lists; None if it does anything else."""
    match made:
        case [[test, *_]] if made == _branches(test, yes, no):
            return test
    return None


def _listed(test: Any) -> list[Any]:
    return test if isinstance(test, list) else [test]
