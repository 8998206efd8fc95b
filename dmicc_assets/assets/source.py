"""Assets of the groups `source` and `expression`: a dataset's files, samples, probes, gene-level matrix and quality."""

from dmicc_assets.expression.prepare import prepare_dataset
from dmicc_assets.expression.projection import dataset_projection
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.observe import observe, observed_text
from dmicc_assets.geo.revision import revision_of
from dmicc_assets.geo.source_files import source_files, source_files_table, whole_files
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.types import matrix_rows


def observe_dataset(context: StepContext, *, thorough: bool = False) -> str:
    """Current version of a dataset at the source, by the cheapest signal (or the surest, if thorough), as text.

    A run that never had the dataset downloads it: that tells the version too.
    """
    spec, client = context.study.datasets[context.part], context.client()
    is_first = context.memory is not None and context.lake.manifest("source/files", context.key) is None
    seen = observe(context.part, spec, client, context.study_file.parent, thorough=thorough, fetches=is_first)
    return observed_text(seen)


@step(
    partition="dataset",
    outputs=("source/files",),
    inputs=(),
    settings=lambda study, dataset: study.datasets[dataset].model_dump(
        include={"source", "platform", "matrix", "samples", "annotation", "symbols", "orthologues", "clinical"}
    ),
    version="1",
    observe=observe_dataset,
)
def files(context: StepContext) -> Result:
    """Download missing files, verify them (length, gzip CRC, end of table, row count) and record their checksums."""
    spec = context.study.datasets[context.part]
    served = acquire(context.part, spec, context.client(), context.study_file.parent)
    revision = revision_of(context.part, spec, _earlier_files(context), served)
    return Result({"source/files": source_files_table(served)}, {"revision": revision} if revision else {})


def _earlier_files(context: StepContext) -> list[SourceFile]:
    """The files from which the dataset was read last; none when it never was, or when one of them is lost."""
    if context.lake.manifest("source/files", context.key) is None:
        return []
    cache = context.client().cache
    earlier = source_files(context.lake.read("source/files", context.key), cache)
    return earlier if all(cache.is_whole(file) for file in earlier) else []


@step(
    partition="dataset",
    outputs=(
        "source/datasets",
        "source/samples",
        "source/clinical",
        "source/probe_genes",
        "source/gene_ids",
        "expression/probes",
        "expression/genes",
        "expression/quality",
        "expression/distributions",
    ),
    inputs=(Input("source/files"),),
    settings=lambda study, dataset: study.datasets[dataset].model_dump(mode="json"),
    version="8",
)
def dataset(context: StepContext) -> Result:
    """Read the files, label every sample, take log2 if needed, normalise between arrays, collapse to genes."""
    spec = context.study.datasets[context.part]
    served = Results.of_step(context).source.files
    files = whole_files(served, context.part, spec, context.client(), context.study_file.parent)
    prepared = prepare_dataset(read_dataset(context.part, spec, files), spec, served)
    return Result(
        {
            "source/datasets": prepared.dataset,
            "source/samples": prepared.samples,
            "source/clinical": prepared.clinical,
            "source/probe_genes": prepared.probe_genes,
            "source/gene_ids": prepared.gene_ids,
            "expression/probes": matrix_rows({"value": prepared.probes}, "probe", by_name=False),
            "expression/genes": matrix_rows({"value": prepared.genes, "count": prepared.counts}),
            "expression/quality": prepared.quality,
            "expression/distributions": prepared.distributions,
        },
        prepared.notes,
    )


@step(
    partition="dataset",
    outputs=("expression/projection",),
    inputs=(Input("expression/genes"), Input("expression/quality")),
    settings=lambda study, _: [],
    version="2",
)
def sample_projection(context: StepContext) -> Result:
    """Place the samples of a dataset in two dimensions, by principal components and by t-SNE."""
    results = Results.of_step(context)
    matrix = results.matrix("expression/genes", context.part)
    return Result({"expression/projection": dataset_projection(matrix, results.expression.quality)})
