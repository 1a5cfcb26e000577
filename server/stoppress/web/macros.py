"""Macros of the templates as data, so that browsers fill the same ones: client_js/src/view/macros.js does it.

A macro becomes a list, in JSON, of

- text, as it stands;
- `[PATH]`: a value, escaped; `[PATH, 0]`: as it is (`safe`); `[PATH, 1]`: if it is an address of the web (`web`);
- `[PATH, NAME, LIST]`: the list for each item of a value, which NAME stands for in it;
- `[TESTS, LIST, LIST]`: the first list if one of the tests holds, else the second, which may be left out. A test is a
  path, or `PATH=TEXT`.

What depends on the language alone is worked out here. Everything else that Jinja can do is refused at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateAssertionError
from markupsafe import escape

List = list[Any]

MOST = 64 * 1024
"""Characters of a macro, with those that it calls."""

OUTPUTS: Mapping[str, Callable[[str], Any]] = {
    "safe": lambda path: [path, 0],
    "web": lambda path: [path, 1],
    "utc": lambda _: "",  # browsers write the reader's own time there
}
"""Filters at the end of a value."""

FIELDS = ("frame", "updated")
"""Filters that browsers have as fields of what they are applied to: see `shown` in client_js/src/view/macros.js."""


class Path(NamedTuple):
    """Where a value will be found."""

    path: str


class Made(NamedTuple):
    """An argument that is more than one value: what it was compiled to, where the macro is called."""

    parts: List


class Macro(NamedTuple):
    template: str
    node: nodes.Macro


class Macros:
    """The macros of an environment.

    Args:
        environment: has the templates.
        texts: the words of one language, which macros call `t`.
    """

    def __init__(self, environment: Environment, texts: Mapping[str, Any]) -> None:
        self._environment = environment
        self._texts = texts
        self._templates: dict[str, dict[str, Macro]] = {}

    def compiled(self, template: str, name: str) -> List:
        """A macro as data; its arguments are found by their names.

        Raises:
            TemplateAssertionError: the macro, or one that it calls, does what browsers cannot.
        """
        macro = self._macros(template)[name]
        own = {argument.name: Path(argument.name) for argument in macro.node.args}
        made = _Body(self, macro.template, {**own, "t": self._texts, "home": Path("home")}).compile(macro.node.body)
        if len(repr(made)) > MOST:
            raise TemplateAssertionError(f"{name} is too long for browsers", macro.node.lineno, name=macro.template)
        return made

    def find(self, template: str, name: str) -> Macro | None:
        return self._macros(template).get(name)

    def _macros(self, template: str) -> dict[str, Macro]:
        """Those of a template and those that it imports, by the names that it has for them."""
        if template not in self._templates:
            found = self._templates[template] = {}
            for node in self._parsed(template).body:
                if isinstance(node, nodes.Macro):
                    found[node.name] = Macro(template, node)
                elif isinstance(node, nodes.FromImport) and isinstance(node.template, nodes.Const):
                    others = self._macros(node.template.value)
                    pairs = [(name, name) if isinstance(name, str) else name for name in node.names]
                    found |= {own: others[name] for name, own in pairs if name in others}
        return self._templates[template]

    def _parsed(self, template: str) -> nodes.Template:
        loader = self._environment.loader
        assert loader is not None
        source, file, _ = loader.get_source(self._environment, template)
        return self._environment.parse(source, template, file)


class _Body:
    """Compiles what is in a macro, or in a part of it.

    Args:
        macros: those that may be called.
        template: the name of the one that it stands in.
        scope: what names stand for: a path, or a value that is known.
        depth: of calls.
    """

    def __init__(self, macros: Macros, template: str, scope: Mapping[str, Any], depth: int = 0) -> None:
        self._macros = macros
        self._template = template
        self._scope = scope
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
                return self._choose(test, self.compile(body), self.compile(otherwise))
            case nodes.For(
                target=nodes.Name(name=name), iter=iterated, else_=[], test=None, recursive=False, body=body
            ):
                own = self._unused(name)
                scope = {**self._scope, name: Path(own), "loop": Path("loop")}
                inner = _Body(self._macros, self._template, scope, self._depth)
                return [[self._path(iterated), own, inner.compile(body)]]
        raise self._refusal(node)

    def _output(self, node: nodes.Node) -> List:
        match node:
            case nodes.TemplateData(data=data):
                return [data]
            case nodes.Call(node=nodes.Name(name=name)) if macro := self._macros.find(self._template, name):
                return self._call(node, macro)
            case nodes.Or(left=left, right=right):
                return self._choose(left, self._output(left), self._output(right))
            case nodes.Filter(name=name, node=inner) if name in OUTPUTS and inner is not None:
                return [OUTPUTS[name](self._path(inner))]
        value = self._value(node)
        if isinstance(value, Made):
            return value.parts
        return [[value.path] if isinstance(value, Path) else str(escape(value))]

    def _call(self, call: nodes.Call, macro: Macro) -> List:
        names = [argument.name for argument in macro.node.args]
        if self._depth > 20 or len(call.args) != len(names) or call.kwargs or call.dyn_args or call.dyn_kwargs:
            raise self._refusal(call)
        given = [self._argument(argument) for argument in call.args]
        scope = {"t": self._scope["t"], "home": self._scope["home"], **dict(zip(names, given, strict=True))}
        return _Body(self._macros, macro.template, scope, self._depth + 1).compile(macro.node.body)

    def _argument(self, node: nodes.Node) -> Any:
        return Made(self._output(node)) if isinstance(node, nodes.Or) else self._value(node)

    def _unused(self, name: str) -> str:
        """A name for an item that hides nothing: macros know nothing of the names where they are called."""
        used = {value.path.partition(".")[0] for value in self._scope.values() if isinstance(value, Path)}
        while name in used:
            name += "_"
        return name

    def _choose(self, test: nodes.Node, yes: List, no: List) -> List:
        """What shows one list or the other."""
        match test:
            case nodes.Not(node=inner):
                return self._choose(inner, no, yes)
            case nodes.And(left=left, right=right):
                return self._choose(left, self._choose(right, yes, no), no)
            case nodes.Or(left=left, right=right):
                first, second = self._choose(left, yes, no), self._choose(right, yes, no)
                if len(first) == len(second) == 1 and first[0][1:] == second[0][1:]:
                    return [[[*_listed(first[0][0]), *_listed(second[0][0])], *first[0][1:]]]
                return self._choose(left, yes, second)
            case nodes.Compare(expr=expr, ops=[nodes.Operand(op="eq" | "ne" as op, expr=nodes.Const(value=value))]):
                yes, no = (yes, no) if op == "eq" else (no, yes)
                return _branches(f"{self._path(expr)}={value}", yes, no)
        value = self._value(test)
        if isinstance(value, Path):
            return _branches(value.path, yes, no)
        return yes if value else no

    def _path(self, node: nodes.Node) -> str:
        value = self._value(node)
        if not isinstance(value, Path):
            raise self._refusal(node)
        return value.path

    def _value(self, node: nodes.Node) -> Any:
        match node:
            case nodes.Const(value=value):
                return value
            case nodes.Name(name=name) if name in self._scope:
                return self._scope[name]
            case nodes.Getattr(node=inner, attr=key) | nodes.Getitem(node=inner, arg=nodes.Const(value=key)):
                value = self._value(inner)
                return Path(f"{value.path}.{key}") if isinstance(value, Path) else self._known(node, value, key)
            case nodes.Filter(name=name, node=inner) if name in FIELDS and inner is not None:
                return Path(f"{self._path(inner)}.{name}")
        raise self._refusal(node)

    def _known(self, node: nodes.Node, value: Any, key: str) -> Any:
        found = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
        if found is None:
            raise self._refusal(node)
        return found

    def _refusal(self, node: nodes.Node) -> Exception:
        return TemplateAssertionError(
            "browsers fill this macro too, and cannot do that: they know if, for, and, or, not, == with a text, "
            f"fields, loop.first, t, home, calls of macros, and the filters {', '.join([*OUTPUTS, *FIELDS])}",
            node.lineno,
            name=self._template,
        )


def _branches(test: str, yes: List, no: List) -> List:
    yes, no = ([part for part in parts if part != ""] for parts in (yes, no))
    return [[test, yes, no] if no else [test, yes]]


def _listed(test: Any) -> list[Any]:
    return test if isinstance(test, list) else [test]
