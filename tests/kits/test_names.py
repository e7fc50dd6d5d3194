"""What a kept cell needs of one left out: cases worked by hand, and random programs that are run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.kits.names import dependencies

# Three cells, the middle one left out; the names that the last (or first) needs of it.
CASES = [
    ("a=1", "a=2", "print(a)", "a"),
    ("a=1", "a=2", "a=3\nprint(a)", ""),
    ("", "x: int = 1", "x", "x"),
    ("", "x: int", "x", ""),
    ("", "(a, *b), c.d = f()", "a; b", "a b"),
    ("", "for i in []: pass", "print(i)", "i"),
    ("", "with open('x') as f: pass", "print(f)", "f"),
    ("", "import os.path", "print(os)", "os"),
    ("", "from a import b as c", "print(c, b)", "c"),
    ("", "def f(): pass", "f()", "f"),
    ("", "class A: y = 1", "A; y", "A"),
    ("", "class A:\n  x = 1", "x", ""),
    ("", "match a:\n  case {'k': v, **r}: pass\n  case [p, *q]: pass\n  case w: pass", "v; r; p; q; w", "v r p q w"),
    # walrus and comprehensions
    ("", "[(g := x) for x in [1]]", "print(g)", "g"),
    ("", "g = 1", "print([g for g in range(3)])", ""),
    ("", "g = 1", "print([x for x in g])", "g"),
    ("", "g = 1", "print([y for x in [1] for y in g])", "g"),
    ("", "g = 1", "print({k: g for k in 'ab'})", "g"),
    ("", "g = 1", "[(lambda: g) for g in 'ab']", ""),
    # inside functions, lambdas, f-strings, classes
    ("", "g = 1", "print(f'{g:>{g}}')", "g"),
    ("", "g = 1", "f = lambda: g", "g"),
    ("", "g = 1", "(lambda g: g)(1)", ""),
    ("", "g = 1", "def f(a=g): pass", "g"),
    ("", "g = 1", "def f(g): return g\nf(1)", ""),
    ("", "g = 1", "def f():\n  def h(): return g\n  return h\nf()", "g"),
    ("g = 0\ndef f(): return g", "g = 1", "f()", "g"),
    ("g = 0\ndef f(): return g", "g = 1", "g = 2\nf()", ""),
    ("g = 0\nf = lambda: g", "g = 1", "h = f\nh()", "g"),
    ("", "x = 1", "class A:\n  y = x", "x"),
    ("", "x = 1", "class A:\n  x = 1\n  y = x", ""),
    ("", "x = 1", "class A:\n  def m(self): return x\nA()", "x"),
    ("", "s = 1", "t.query('a > @s')", "s"),
    # branches: a name bound on one side only may still be the other's
    ("", "x = 1", "if c:\n  x = 2\nprint(x)", "x"),
    ("", "x = 1", "if c:\n  x = 2\nelse:\n  x = 3\nprint(x)", ""),
    ("", "x = 1", "if c:\n  x = 2\n  print(x)", ""),
    ("", "x = 1", "for x in y: pass\nprint(x)", "x"),
    ("", "x = 1", "try:\n  x = 2\nexcept E:\n  pass\nprint(x)", "x"),
    ("", "x = 1", "try:\n  x = 2\nexcept E:\n  x = 3\nprint(x)", ""),
    ("", "x = 1", "while c:\n  x = 2\nprint(x)", "x"),
    ("", "x = 1", "c and (x := 2)\nprint(x)", "x"),
    # del and augmented assignment
    ("", "x = 1", "x += 1", "x"),
    ("", "x = 1", "del x", "x"),
    ("x = 1", "del x", "print(x)", ""),
    # changes of an object that a kept cell made
    ("t = 1", "t['x'] = 1", "print(t)", "t"),
    ("t = 1", "t.loc[0, 'x'] = 1", "print(t)", "t"),
    ("t = 1", "del t['x']", "print(t)", "t"),
    ("t = 1", "t.a.b = 1", "t", "t"),
    ("t = 1", "t['x'] += 1", "t", "t"),
    ("t = []", "t.append(1)", "print(t)", "t"),
    ("t = []", "[t.append(i) for i in 'ab']", "t", "t"),
    ("t = {}", "x = t.pop('a')", "t", "t"),
    ("t = 1", "t.drop(columns='a', inplace=True)", "t", "t"),
    ("t = 1", "setattr(t, 'a', 1)", "t", "t"),
    ("t = 1", "def f():\n  t['a'] = 1\nf()", "t", "t"),
    ("t = 1", "def f():\n  global t\n  t = 1\nf()", "t", "t"),
    ("t = 1", "def f(t):\n  t['a'] = 1\nf(2)", "t", ""),
    ("t = 1\nb = t", "t['a'] = 1", "print(b)", "b"),
    ("t = 1\nb = t", "b['a'] = 1", "print(t)", "t"),
    ("t = 1\nb = t\nt = 2", "t['a'] = 1", "print(b)", ""),
    ("t = 1", "x = t.add(1)", "print(t)", ""),  # a DataFrame's, which gives another one
    ("t = 1", "t['x'] = 1", "t = 2\nt", ""),
    # what IPython keeps of earlier cells
    ("", "1 + 1", "print(_)", "_"),
    ("", "1 + 1", "Out[2]", "Out"),
    ("", "1 + 1", "for _ in 'ab': print(_)", ""),
]


@pytest.mark.parametrize(("before", "out", "after", "needs"), CASES)
def test_cases(before, out, after, needs):
    assert [item.name for item in dependencies([before, out, after], {1})] == needs.split()


def test_the_cells_are_named():
    (found,) = dependencies(["t = {}", "", "t['a'] = 1", "", "print(t)"], {2})
    assert (found.reader, found.giver, found.changed) == (4, 2, True)
    (found,) = dependencies(["a = 1", "a = 2", "a", "a = 3", "print(a)"], {1, 3})[1:]
    assert (found.reader, found.giver, found.changed) == (4, 3, False)


NAMES = "abcd"
STATEMENT = st.one_of(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 9)).map(lambda p: f"{p[0]} = [{p[1]}]"),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda p: f"{p[0]} = {p[1]} + [1]"),
    st.tuples(st.sampled_from(NAMES), st.integers(0, 9)).map(lambda p: f"{p[0]}.append({p[1]})"),
    st.tuples(st.sampled_from(NAMES), st.integers(0, 9)).map(lambda p: f"{p[0]} += [{p[1]}]"),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda p: f"if len({p[1]}) > 2: {p[0]} = [7]"),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).map(lambda p: f"{p[0]} = [x for x in {p[1]}]"),
    st.sampled_from(NAMES).map(lambda name: f"seen(list({name}))"),
)
CELL = st.lists(STATEMENT, min_size=1, max_size=3).map("\n".join)


@settings(max_examples=500)
@given(st.lists(CELL, min_size=2, max_size=6), st.sets(st.integers(1, 5), min_size=1))
def test_what_is_called_independent_runs_the_same(cells, left_out):
    """The second way: run all cells, then the kept ones alone; without dependency these see the same values."""
    start = "\n".join(f"{name} = [0]" for name in NAMES)
    sources = [start, *cells]
    if dependencies(sources, left_out):
        return

    def values(places):
        found, names = {place: [] for place in places}, {}
        for place in places:
            names["seen"] = found[place].append
            exec(sources[place], names)
        return {place: found[place] for place in places if place not in left_out}

    every = range(len(sources))
    assert values(every) == values([place for place in every if place not in left_out])
