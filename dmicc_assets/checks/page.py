"""docs/findings.md, made from the registry: `python -m dmicc_assets.checks.page > docs/findings.md`.

Each check declares its section's text; here is the order, and the text about all checks.
"""

from dmicc_assets.checks.check import EVERY_AUC, Check
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.wording import listed

COMMAND = "python -m dmicc_assets.checks.page > docs/findings.md"
_GROUPS = {"D": "Design", "I": "Data integrity", "M": "Multiplicity and signature", "R": "Prediction"}
_OPENING = f"""<!-- Made from the checks in dmicc_assets/checks; do not edit. Make it again: {COMMAND} -->

# What the findings mean

Checks judge the data, the design and the result of every study. Each writes into the table `rigor.findings` one finding
for every cohort, dataset or study that it judged:

`dmicc sql "FROM rigor.findings WHERE severity <> 'ok'"`

| severity | means |
|---|---|
| `error` | correct something, or the result has no meaning |
| `warning` | the result may not be what it seems |
| `info` | worth knowing |
| `ok` | the check is silent, and `statistic` has what it measured; or it does not apply, and the message says why |

No finding changes a number. The report, the command line and the verdict count a check once, however many cohorts and
datasets it warns of. The verdict follows from the findings by the rules in [verdict.md](verdict.md).

Each section below says what a check means, when it fires, what it measures, and what to do. In the table, `measure`
says what `statistic` is, and `fires` on which side of `threshold` the check fires.

In the Dagster UI every check is an asset check of `rigor/findings`. Its name is the code with two digits and a few
words (`R09_calibration`), so that the list is in order. These checks block nothing: a published study must stay
reproducible.
"""


def findings_page() -> str:
    """The whole page as Markdown."""
    parts = [_OPENING, _stopping()]
    for letter, title in _GROUPS.items():
        parts += [f"## {title}\n", *(_section(each) for each in CHECKS.values() if each.code.startswith(letter))]
    return "\n".join(parts)


def _stopping() -> str:
    """Table of the checks that stop assets."""
    rows = [
        f"| {each.code} | {each.stops.title} | {', '.join(f'`{table}`' for table in each.stops.tables)} |"
        for each in CHECKS.values()
        if each.stops is not None
    ]
    return "\n".join(
        [
            f"{len(rows)} integrity checks belong to the asset itself and stop it. An asset that fails one is not "
            "written, so nothing that needs it runs, and the message says what to do.\n",
            "| check | what must hold | stops |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _section(check: Check) -> str:
    lines = [
        f"### {check.code} {check.slug.replace('_', ' ')}\n",
        f"{check.meaning}\n",
        f"- **Silent:** {check.title}.",
        f"- **Fires** ({' or '.join(check.severities)}): {check.fires_when}",
        f"- **Measures:** {listed([f'{each.what} (fires {each.fires})' for each in check.measures.values()])}.",
    ]
    says = [f"{doubt.says} ({doubt.level})" for doubt in check.doubts]
    lines += [f"- **In the verdict:** {'; or '.join(says)}."] if says else []
    if check.doubts_auc is not None:
        kinds = check.doubts_auc.kinds
        of = "every AUC of the model" if kinds == EVERY_AUC else f"the {listed([f'`{kind}`' for kind in kinds])} AUC"
        lines.append(f"- **Beside** {of}: {check.doubts_auc.says}.")
    lines += [f"- **Do:** {check.remedy}", f"- **Source:** {check.citation}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(findings_page(), end="")
