"""Tags, hints and leaks: what is refused, and that messages name the cells."""

import json

import pytest

from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits import solutions
from tikub_lab.kits.notebooks import starting
from tikub_lab.kits.recipe import First, Recipe


def cell(number, source, *tags, kind="code", **metadata):
    return solutions.Cell(number, kind, source, tags, {"tags": list(tags), **metadata})


HINT = ["Cherchez là.", "`cherche`", "help(cherche)"]


def refused(*cells):
    with pytest.raises(UsageError) as caught:
        solutions.check(cells, "essai.ipynb")
    message = str(caught.value)
    assert message.startswith("essai.ipynb: ")
    assert "\n" not in message
    return message


def test_a_kept_cell_that_needs_a_solution_names_both():
    message = refused(
        cell(1, "# Essai", kind="markdown"),
        cell(2, "plan = find_it(table)  # the idea", "solution"),
        cell(3, "# Suite", kind="markdown"),
        cell(4, "show.table(\n    plan,\n)"),
        cell(5, "len(plan)"),
    )
    assert "cell 4 (show.table()" in message
    assert "cell 2 (plan = find_it(table)  # the idea)" in message
    assert "'plan'" in message


@pytest.mark.parametrize(
    ("before", "out", "after", "needs"),
    [
        ("a = 1", "a = 2", "print(a)", "a"),
        ("a = 1", "a = 2", "a = 3\nprint(a)", ""),
        ("", "import os.path", "print(os)", "os"),
        ("", "from a import b as c", "print(b)", ""),
        ("", "for i in []: pass", "print(i)", "i"),
        ("i = 1", "[i for i in 'ab']", "print(i)", ""),
        ("", "[(g := x) for x in [1]]", "print(g)", "g"),
        ("", "def f(): pass", "def g():\n  return f()", "f"),
        ("", "x = 1", "(lambda x: x)(2)", ""),
        ("", "x = 1", "print(f'{x:>{x}}')", "x"),
        ("", "x = await f()", "print(x)", "x"),
        ("", "a.b = 1\nc['d'] = 2", "print(a, c)", ""),  # the trial run shows what that changes
    ],
)
def test_names_that_only_a_solution_gives(before, out, after, needs):
    cells = [cell(1, before), cell(2, out, "solution"), cell(3, after)]
    if needs:
        assert f"cell 3 ({after.splitlines()[0]}) needs '{needs}', and cell 2 (" in refused(*cells)
    else:
        solutions.check(cells, "essai.ipynb")


def test_a_cell_is_named_by_its_first_line_that_says_something():
    assert str(cell(3, "\n   \n    x = 1  \ny = 2")) == "cell 3 (x = 1)"
    assert str(cell(3, " \n")) == "cell 3 (empty)"


def test_a_check_does_not_travel_either():
    message = refused(cell(1, "n = 1", "nbval-check-output"), cell(2, "print(n)"))
    assert "'nbval-check-output'" in message


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (cell(7, "Le secret", "solution", kind="markdown"), "cell 7 (Le secret) is markdown"),
        (cell(7, "Le secret", "solution", kind="raw"), "cell 7 (Le secret) is raw"),
        (cell(7, "a: int = 1", "parameters", "solution"), "cell 7 (a: int = 1) has the parameters"),
        (cell(7, "%matplotlib inline"), "cell 7 (%matplotlib inline) is not plain Python"),
        (cell(7, "x = 1\n!ls", "solution"), "is not plain Python"),
        (cell(7, "files = !ls"), "is not plain Python"),
        (cell(7, "show.table?"), "is not plain Python"),
        (cell(7, "if True"), "cell 7 (if True) is not plain Python"),
        (cell(7, "x = 1", hint=HINT), "has a hint but no tag 'solution'"),
        (cell(7, "x = 1", "solution", hint=["Cherchez."]), "the hint of cell 7 (x = 1) is ['Cherchez.']; a nudge, "),
        (cell(7, "x = 1", "solution", hint="abc"), "the hint of cell 7"),
        (cell(7, "x = 1", "solution", hint=["a", " ", "c"]), "the hint of cell 7"),
        (cell(7, "x = 1", "solution", hint=["a", "b", "c = "]), "essai.ipynb: hint: cell 7 (c =) is not plain Python"),
    ],
)
def test_what_is_refused(wrong, says):
    assert says in refused(wrong)


def test_what_is_not():
    solutions.check(
        [
            cell(1, "x = 1\nrest = x % 2"),
            cell(2, "await something()", "solution", hint=HINT),
            cell(3, "", "solution"),
            cell(4, "print(\n% 3)".replace("%", "x\n%")),
        ],
        "essai.ipynb",
    )


def test_lines_that_are_secret():
    solution = [
        "total = summary(contracts)",
        "indented = where(it, stands)",
        "    best = rank(advices)",
        ")",
        "x = 1",
        "-------------",
        "show.keys([",
    ]
    cells = [
        cell(1, "total = summary(contracts)\n    indented = where(it, stands)"),
        cell(2, "\n".join(solution), "solution"),
        cell(3, "print(total, 'checked')", "nbval-check-output"),
    ]
    assert solutions.secret_lines(cells) == ["best = rank(advices)"]


@pytest.mark.parametrize(
    "content",
    [
        'x = "é" + rank(advices)',
        json.dumps(['x = "é" + rank(advices)']),
        json.dumps(['x = "é" + rank(advices)'], ensure_ascii=False),
    ],
)
def test_a_leak_names_the_file(content):
    lines = ['x = "é" + rank(advices)']
    solutions.refuse_leaks(lines, [("a.py", b"nothing")])
    with pytest.raises(RunError, match=r"tikub_lab/a\.py would hold a line of the solution"):
        solutions.refuse_leaks(lines, [("tikub_lab/a.py", content.encode())])


RECIPE = Recipe("procurement", "Essai", "", First("Voir.", "1"), ("a", "b", "c"), (), {}, (), {})


def sources(*cells):
    made = json.loads(starting(RECIPE, cells, {}, []))
    texts = ["".join(item["source"]) for item in made["cells"]]
    return texts[texts.index(next(text for text in texts if text.startswith("## Un carnet"))) + 1 :]


def test_hints_stand_in_the_place_of_solutions():
    found = sources(
        cell(1, "# Titre", kind="markdown"),
        cell(2, "kept = 1"),
        cell(3, "a = 1", "solution"),
        cell(4, "b = 1", "solution"),
        cell(5, "c = 1", "solution", hint=HINT),
        cell(6, "print(kept)", "nbval-check-output"),
        cell(7, "La méthode", "folded", kind="markdown"),
        cell(8, "end = 1"),
        cell(9, "d = 1", "solution"),
    )
    general = "> **À vous.** Cette étape est laissée à votre équipe."
    kept, first, hinted, *rest = found
    assert (kept, first, rest) == ("kept = 1", general, ["end = 1", general])
    assert hinted.startswith(f"{general}\n\n<details><summary>Un coup de pouce</summary>\n\nCherchez là.\n\n</details>")
    assert hinted.endswith("<details><summary>La ligne</summary>\n\n```python\nhelp(cherche)\n```\n\n</details>")
    assert hinted.count("<details>") == hinted.count("</details>") == 3


def test_nothing_of_whoever_wrote_the_notebook_travels():
    made = json.loads(
        starting(
            RECIPE,
            [
                cell(1, "# Titre", kind="markdown"),
                cell(2, "x = 1", "keep", ExecuteTime="2026-01-01", hidden=True, author="ana", alt="Un mot"),
                cell(3, "x = 1"),
            ],
            {"each": {"parameter": "x", "table": "energy/sites", "column": "y"}, "secret": 1},
            [],
        )
    )
    assert [item["metadata"] for item in made["cells"] if item["source"] == ["x = 1"]] == [
        {"tags": ["keep"], "alt": "Un mot"},
        {"tags": []},
    ]
    assert all(item.get("outputs", []) == [] and item.get("execution_count") is None for item in made["cells"])
    assert len({item["id"] for item in made["cells"]}) == len(made["cells"])
    assert made["metadata"]["tikub"] == {"use_case": "procurement", "figures": 1, "tables": 0}
