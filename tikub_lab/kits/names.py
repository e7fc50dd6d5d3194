"""Names that cells hand on to one another: what a kept cell reads that only a cell left out gives.

Cells are looked at in order, without running them. A name is *lost* from the cell left out that binds it, or that
changes the object it stands for, to the next kept cell that surely binds it anew; reading a lost name is a dependency.
"""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tikub_lab.kits.walk import State, Walk, inner_symbols

RESULTS = re.compile(r"_{1,3}|_i*\d+|_o?h|Out|In")
"""Names under which IPython keeps what earlier cells gave and were."""


@dataclass(frozen=True)
class Dependency:
    """A kept cell that needs one left out.

    Attributes
    ----------
    name : str
        What is read.
    reader, giver : int
        Places of the kept cell and of the one left out, from 0.
    changed : bool
        Whether the cell left out changes an object rather than binds a name.
    """

    name: str
    reader: int
    giver: int
    changed: bool = False


def dependencies(sources: Sequence[str], left_out: Iterable[int]) -> list[Dependency]:
    """Find what kept cells need of cells that are left out.

    Parameters
    ----------
    sources : sequence of str
        All code cells, in order; Markdown cells as empty text.
    left_out : iterable of int
        Places of those that are left out.

    Returns
    -------
    list of Dependency
        In the order of the cells; each name once a cell.

    Raises
    ------
    SyntaxError
        A cell that does not parse; check with :func:`parse` before.

    Examples
    --------
    >>> dependencies(["a = 1", "b = a", "print(a + b)"], {1})
    [Dependency(name='b', reader=2, giver=1, changed=False)]
    >>> dependencies(["a = 1", "a = 2", "a = 3", "print(a)"], {1})
    []
    """
    out = set(left_out)
    state = State()
    found: dict[tuple[int, str], Dependency] = {}
    for place, source in enumerate(sources):
        tree = parse(source)
        if place in out:
            _LeftOut(state, place).take(tree)
            continue
        for name, giver, changed in _Kept(state, place, min(out, default=None)).take(tree):
            found.setdefault((place, name), Dependency(name, place, giver, changed))
    return list(found.values())


def parse(source: str) -> ast.Module:
    """Parse a cell as IPython would run it, ``await`` at the top level included, but for magics."""
    tree = compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


class _Kept(Walk):
    """A kept cell: lists the lost names that it reads."""

    def __init__(self, state: State, place: int, first_out: int | None):
        super().__init__(state, place)
        self.first_out = first_out
        self.found: list[tuple[str, int, bool]] = []

    def take(self, tree: ast.Module) -> list[tuple[str, int, bool]]:
        self._body(tree.body)
        return self.found

    def read(self, name: str) -> None:
        waiting, seen = [name], {name}
        while waiting:
            item = waiting.pop()
            if item in self.state.lost:
                self.found.append((item, *self.state.lost[item]))
            elif RESULTS.fullmatch(item) and item not in self.state.bound and self._after_one_left_out():
                assert self.first_out is not None
                self.found.append((item, self.first_out, False))
            more = self.state.carried.get(item, frozenset()) - seen
            waiting += more
            seen |= more

    def _after_one_left_out(self) -> bool:
        return self.first_out is not None and self.first_out < self.place

    def bind(self, name: str, alias: str | None = None) -> None:
        _rebind(self.state, name, alias, self.deferred)
        self.state.lost.pop(name, None)
        self.state.bound.add(name)

    def visit_Delete(self, node: ast.Delete) -> None:
        super().visit_Delete(node)  # reads what it deletes
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.state.bound.discard(target.id)


class _LeftOut(Walk):
    """A cell left out: what it binds and changes is lost."""

    def take(self, tree: ast.Module) -> None:
        self._body(tree.body)

    def read(self, name: str) -> None:
        """Read what it likes: the whole notebook has it."""

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Del):  # what is not deleted in the kit is there all the same
            super().visit_Name(node)

    def bind(self, name: str, alias: str | None = None) -> None:
        _rebind(self.state, name, alias, self.deferred)
        self.state.lost[name] = (self.place, False)

    def change(self, name: str) -> None:
        if any(name in names for names in self.hidden):
            return
        known = {name, *self.state.same, *self.state.same.values()}
        for other in known:
            if self.state.object_of(other) == self.state.object_of(name) and other not in self.state.lost:
                self.state.lost[other] = (self.place, True)

    def leave_class(self, before: State) -> None:
        changed = {name: item for name, item in self.state.lost.items() if item == (self.place, True)}
        super().leave_class(before)
        self.state.lost |= changed

    def assigned_inside(self, node: ast.AST) -> None:
        for symbol in inner_symbols(node):
            if symbol.is_declared_global() and symbol.is_assigned():
                self.state.lost[symbol.get_name()] = (self.place, False)
        inside = _LeftOut(self.state, self.place)
        inside.hidden = [*self.hidden, {item.get_name() for item in inner_symbols(node) if not item.is_global()}]
        body = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else [node.body]  # type: ignore[attr-defined]
        bind, inside.bind = inside.bind, lambda name, alias=None: None  # type: ignore[method-assign]
        for part in body:
            inside.visit(part)
        inside.bind = bind  # type: ignore[method-assign]


def _rebind(state: State, name: str, alias: str | None, deferred: set[str]) -> None:
    """Have a name stand for another object, or for that of another name."""
    heirs = sorted(other for other, first in state.same.items() if first == name)
    for other in heirs:
        state.same[other] = heirs[0]
    state.same.pop(name, None)
    if heirs:
        state.same.pop(heirs[0], None)
    carried = frozenset(deferred)
    if alias is not None and alias != name:
        state.same[name] = state.object_of(alias)
        carried |= state.carried.get(alias, frozenset())
    state.carried.pop(name, None)
    if carried:
        state.carried[name] = carried
