"""A walk through a cell in the order in which it runs: names read, bound and changed, scope by scope."""

# ruff: noqa: D102 -- most methods are those of ast.NodeVisitor, named after what they visit.

import ast
import re
import symtable
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

STATEMENT_CHANGERS = {"add", "append", "clear", "discard", "extend", "insert", "remove", "reverse", "sort", "update"}
"""Methods that change their object when nothing is done with their result (a DataFrame's ``add`` gives another one)."""

CHANGERS = {"pop", "popitem", "setdefault", "__setitem__", "__delitem__", "__setattr__"}
"""Methods that change their object whatever is done with their result."""


@dataclass
class State:
    """What is known of names between two cells."""

    lost: dict[str, tuple[int, bool]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    carried: dict[str, frozenset[str]] = field(default_factory=dict)
    """Names that are read whenever a name is: those of the functions that it stands for."""
    same: dict[str, str] = field(default_factory=dict)
    """For a name that stands for another's object (``b = a``), the first name of that object."""

    def copy(self) -> "State":
        return State(dict(self.lost), set(self.bound), dict(self.carried), dict(self.same))

    def merge(self, other: "State") -> None:
        """Become what may be after either of two branches."""
        self.lost = other.lost | self.lost
        self.bound &= other.bound
        for name, names in other.carried.items():
            self.carried[name] = self.carried.get(name, frozenset()) | names
        self.same = other.same | self.same

    def object_of(self, name: str) -> str:
        return self.same.get(name, name)


def global_names(node: ast.AST) -> frozenset[str]:
    r"""Return the names that a function or a class takes from outside of it, when it is called.

    Examples
    --------
    >>> sorted(global_names(ast.parse("def f(a, b=c):\n    d = [e for e in a if e > g]\n    return d").body[0]))
    ['g']
    >>> sorted(global_names(ast.parse("lambda row: row[k]").body[0].value))
    ['k']
    """
    return frozenset(
        symbol.get_name() for symbol in inner_symbols(node) if symbol.is_global() and symbol.is_referenced()
    )


def inner_symbols(node: ast.AST) -> Iterator[symtable.Symbol]:
    """List the symbols of all scopes inside a function, a lambda or a class."""
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    waiting = list(top.get_children())
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        yield from table.get_symbols()


def _root(node: ast.AST) -> str | None:
    """Return the name that ``a.b[0].c`` starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


class Walk(ast.NodeVisitor):
    """Goes through a cell in the order in which it runs."""

    def __init__(self, state: State, place: int):
        self.state, self.place = state, place
        self.hidden: list[set[str]] = []
        self.deferred: set[str] = set()

    # What the two kinds of cells do differently.
    def read(self, name: str) -> None:
        raise NotImplementedError

    def bind(self, name: str, alias: str | None = None) -> None:
        raise NotImplementedError

    def change(self, name: str) -> None:
        """Note that the object that a name stands for is changed."""

    def assigned_inside(self, node: ast.AST) -> None:
        """Note what a function does to names outside of it."""

    # Names.
    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in names for names in self.hidden):
            return
        if isinstance(node.ctx, ast.Store):
            self.bind(node.id)
        else:
            self.read(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target.id)  # outside of a comprehension too

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._stored(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._stored(node)

    def _stored(self, node: ast.Attribute | ast.Subscript) -> None:
        self.generic_visit(node)
        root = _root(node)
        if root and isinstance(node.ctx, ast.Store | ast.Del):
            self.change(root)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        root = _root(node.func) if isinstance(node.func, ast.Attribute) else None
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in {"query", "eval"}:
                for text in (item.value for item in ast.walk(node) if isinstance(item, ast.Constant)):
                    for name in re.findall(r"@([^\W\d]\w*)", text) if isinstance(text, str) else ():
                        self.read(name)
            if root and (node.func.attr in CHANGERS or any(item.arg == "inplace" for item in node.keywords)):
                self.change(root)
        elif isinstance(node.func, ast.Name) and node.func.id in {"setattr", "delattr"} and node.args:
            root = _root(node.args[0])
            if root:
                self.change(root)

    def visit_Expr(self, node: ast.Expr) -> None:
        self.visit(node.value)
        for call in ast.walk(node.value):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                statement = call is node.value or isinstance(node.value, ast.ListComp | ast.SetComp)
                root = _root(call.func.value)
                if statement and root and call.func.attr in STATEMENT_CHANGERS:
                    self.change(root)

    # Statements that bind.
    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self.deferred = set()
        super().visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        alias = node.value.id if isinstance(node.value, ast.Name) else None
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.bind(target.id, alias)
            else:
                self.visit(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
            self.change(node.target.id)  # a list's += changes it in place
            self.bind(node.target.id)
        else:
            self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.visit(target)

    # Scopes of their own.
    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self.defer(global_names(node))
        self.assigned_inside(node)
        for name in sorted(self._visible(global_names(node))):
            self.read(name)  # most are called at once

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        evaluated: list[ast.AST | None] = [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults]
        evaluated += [node.returns, *(item.annotation for item in every if item)]
        for part in filter(None, evaluated):
            self.visit(part)
        self.defer(global_names(node))
        self.assigned_inside(node)
        self.bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(item.value for item in node.keywords)]:
            self.visit(part)
        before = self.state.copy()
        for statement in node.body:
            self.visit(statement)
        self.leave_class(before)
        self.deferred = set(global_names(node))
        self.bind(node.name)

    def leave_class(self, before: State) -> None:
        """Forget the names that a class body bound: they are the class's."""
        self.state.__dict__.update(before.__dict__)

    def defer(self, names: frozenset[str]) -> None:
        """Remember names that the statement's result reads later."""
        self.deferred |= self._visible(names)

    def _visible(self, names: frozenset[str]) -> frozenset[str]:
        return names - frozenset().union(*self.hidden)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        targets = [item for part in node.generators for item in ast.walk(part.target) if isinstance(item, ast.Name)]
        self.hidden.append({item.id for item in targets if isinstance(item.ctx, ast.Store)})
        for number, part in enumerate(node.generators):
            if number:
                self.visit(part.iter)
            self.visit(part.target)  # binds no name outside, but a[0] may be a target
            for condition in part.ifs:
                self.visit(condition)
        for value in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(value)
        self.hidden.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    # Branches.
    @contextmanager
    def maybe(self) -> Iterator[None]:
        """Go through what may not run."""
        before = self.state.copy()
        yield
        self.state.merge(before)

    def _either(self, *branches: Callable[[], None]) -> None:
        """Go through branches of which exactly one runs."""
        start, ends = self.state.copy(), []
        for branch in branches:
            self.state.__dict__.update(start.copy().__dict__)
            branch()
            ends.append(self.state.copy())
        self.state.__dict__.update(ends[0].__dict__)
        for end in ends[1:]:
            self.state.merge(end)

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._either(lambda: self._body(node.body), lambda: self._body(node.orelse))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._either(lambda: self.visit(node.body), lambda: self.visit(node.orelse))

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        with self.maybe():
            for value in node.values[1:]:
                self.visit(value)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with self.maybe():
            self.visit(node.target)
            self._body(node.body)
        self._body(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        with self.maybe():
            self._body(node.body)
        self._body(node.orelse)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        def well() -> None:
            self._body([*node.body, *node.orelse])

        def caught(handler: ast.ExceptHandler) -> None:
            with self.maybe():
                self._body(node.body)
            if handler.type:
                self.visit(handler.type)
            if handler.name:
                self.bind(handler.name)
            self._body(handler.body)

        self._either(well, *((lambda item=item: caught(item)) for item in node.handlers))
        self._body(node.finalbody)

    visit_TryStar = visit_Try

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars:
                self.visit(item.optional_vars)
        self._body(node.body)

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            with self.maybe():
                for part in ast.walk(case.pattern):
                    name = getattr(part, "rest" if isinstance(part, ast.MatchMapping) else "name", None)
                    if isinstance(part, ast.MatchAs | ast.MatchStar | ast.MatchMapping) and name:
                        self.bind(name)
                    elif isinstance(part, ast.Name):
                        self.visit(part)
                if case.guard:
                    self.visit(case.guard)
                self._body(case.body)
