"""What is looked for, from ``patterns.toml``, where a table says it better than code."""

import re
import tomllib
from functools import cache
from pathlib import Path

RULES = tomllib.loads(Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8"))


@cache
def pattern(rule: str) -> re.Pattern[str]:
    """Compile a rule, whose lines are one."""
    return re.compile("".join(line.strip() for line in rule.splitlines()))
