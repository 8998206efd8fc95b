"""docs/verdict.md, made from the rules: `python -m dmicc_assets.checks.verdict_page > docs/verdict.md`.

Here is only the order of the page; what a rule says is declared in `verdict_rules.py` and with the checks.
"""

from dmicc_assets.checks.verdict_rules import LEVELS, LINES, PROOFS, RULES

COMMAND = "python -m dmicc_assets.checks.verdict_page > docs/verdict.md"
_OPENING = f"""<!-- Made from the rules in dmicc_assets/checks; do not edit. Make it again: {COMMAND} -->

# The verdict

Every study ends with one row in `rigor.verdict`: a level, the same as a line of plain words, and three sentences: what
was found, how far it can be trusted, and what is missing. The command line prints it, the report opens with it, the
README of an export begins with it, and the Dagster UI shows it beside `rigor/verdict`. `dmicc score` prints the line
and its main reasons, two at most, above the scores and below each patient's nomogram.

`dmicc sql "FROM rigor.verdict"`

| level | line |
|---|---|
"""
_RULES = """
## From findings to a level

The level is the first in this table of which a rule holds. The sentence on trust names at most three of its rules, in
this order, with the codes of their [findings](findings.md). Genes that move opposite ways (M5) are named at every
level.

| level | rule | the verdict says |
|---|---|---|
"""
_PROOFS = """
## When a study holds up

A study holds up when none of these rules holds. All of this is then shown:

| what is shown | the verdict says |
|---|---|
"""
_LIMITS = """
Simulated studies of known truth show how often some of these levels and sentences are false. benchmarks/claims.md says
which ones, in how many studies, and which were not tried because no study led to them.
"""


def verdict_page() -> str:
    """The whole page as Markdown."""
    levels = [f"| {level} | **{LINES[level]}** |" for level in LEVELS]
    rules = [f"| {rule.level} | {rule.when} | {rule.reason} |" for rule in RULES]
    proofs = [f"| {proof.when} | {proof.shows} |" for proof in PROOFS]
    parts = [_OPENING.rstrip("\n"), *levels, _RULES.rstrip("\n"), *rules, _PROOFS.rstrip("\n"), *proofs, _LIMITS]
    return "\n".join(parts)


if __name__ == "__main__":
    print(verdict_page(), end="")
