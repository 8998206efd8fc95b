"""Assets of the group `atlas`: what all studies say together."""

from functools import lru_cache
from hashlib import sha256

from dmicc_assets.assets.signature import residuals
from dmicc_assets.lake.contents import contents
from dmicc_assets.lake.kept_arrays import Arrays, kept_arrays
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.signature.atlas import RESULTS, Earlier, ReadAxes, axes_of, results_of_studies
from dmicc_assets.signature.atlas import disease_overlap as every_pair
from dmicc_assets.signature.kept_axes import KeptAxes
from dmicc_assets.signature.sharing import N_AXES, CohortList
from dmicc_assets.types import PartitionKey

_READ = ("differential/genes", "differential/statistics", "cohort/samples", "cohort/expression")
_OVERLAP = "signature/overlap"
# Of the null lists.
_AXES_VERSION = "4"
# Cohorts whose null lists are in memory, some megabytes each.
_MOST_COHORTS = 64


@step(
    partition="all_studies",
    outputs=("atlas/disease_overlap",),
    inputs=tuple(Input(table, "all_studies") for table in (*_READ, _OVERLAP)),
    settings=lambda _study, _key: None,
    version="6",
)
def disease_overlap(context: StepContext) -> Result:
    """Compare the gene lists of every pair of cohorts, of whatever study, and test whether they share genes.

    Pairs of which neither cohort changed are taken from the table as it was.
    """
    genes = context.read_there("differential/genes", ("gene", "direction"))
    statistics = context.read_there("differential/statistics", ("gene",))
    samples = context.read_there("cohort/samples", ("dataset", "sample"))
    of_cohorts = _contents(context)
    axes, earlier = _axes(context, of_cohorts), _earlier(context, of_cohorts)
    of_studies = results_of_studies(context.read_there(_OVERLAP, RESULTS), _tested_as_they_are(context, of_cohorts))
    rows = every_pair(genes, statistics, samples, axes, earlier, of_studies)
    return Result({"atlas/disease_overlap": rows}, {"n_axes": N_AXES})


def _contents(context: StepContext) -> dict[str, list[list[str]]]:
    """Table and content of everything that is read of each cohort."""
    found: dict[str, list[list[str]]] = {}
    for table in _READ:
        for key, content in contents(context.lake, table, context.partitions(table)).items():
            found.setdefault(key, []).append([table, content])
    return found


def _tested_as_they_are(context: StepContext, now: dict[str, list[list[str]]]) -> dict[str, list[str]]:
    """The cohorts of each study whose own test read what they are now; one of earlier lists is out of date."""
    found: dict[str, list[str]] = {}
    for key in context.partitions(_OVERLAP):
        manifest = context.lake.manifest(_OVERLAP, key)
        if manifest and all([table, content] in now.get(cohort, []) for table, cohort, content in manifest.inputs):
            found[key.study] = list(context.studies[key.study].cohorts)
    return found


def _earlier(context: StepContext, now: dict[str, list[list[str]]]) -> Earlier | None:
    """The table as it is and the cohorts of which it read the same; None if another version made it."""
    table = context.step.outputs[0]
    manifest = context.lake.manifest(table, context.key)
    if manifest is None or manifest.code_version != context.step.version or not context.lake.verify(table, context.key):
        return None
    before: dict[str, list[list[str]]] = {}
    for name, key, content in manifest.inputs:
        before.setdefault(key, []).append([name, content])
    same = frozenset(key for key, read in now.items() if sorted(before.get(key, [])) == sorted(read))
    return Earlier(context.lake.read(table, context.key), same)


def _axes(context: StepContext, of_cohorts: dict[str, list[list[str]]]) -> ReadAxes:
    """Reads the null lists of a cohort, which are drawn when it changed."""

    @lru_cache(_MOST_COHORTS)
    def read(key: str) -> KeptAxes | None:
        study, (name, cohort) = context.studies[PartitionKey(key).study], PartitionKey(key).names
        settings = [study.differential, study.cohorts[cohort].batch, study.block_of(cohort)]
        made_from = sha256(repr([name, _AXES_VERSION, of_cohorts[key], settings]).encode()).hexdigest()
        path = context.lake.kept_path("atlas", key)
        arrays = kept_arrays(path, made_from, lambda: _drawn(context, PartitionKey(key)))
        return KeptAxes(*arrays) if arrays else None

    return read


def _drawn(context: StepContext, key: PartitionKey) -> Arrays | None:
    """Draws the null lists of a cohort, in the residual space of its tests.

    None where its expression was not materialised, is damaged, or is of other genes than its list (it is out of date).
    """
    results, cohort = Results.of_study(context.lake, context.studies[key.study]), key.part
    if not results.is_made("cohort/expression", cohort) or not context.lake.is_readable("cohort/expression", key):
        return None
    features = results.matrix("cohort/expression", cohort).features
    listed = tuple(results.rows("differential/genes", cohort=cohort)["gene"])
    if not set(listed) <= set(features):
        return None
    return axes_of(CohortList(key, features, residuals(results, cohort), listed)).arrays
