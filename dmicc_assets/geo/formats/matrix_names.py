"""What the names of a matrix's rows and columns say: which are no samples, which are no genes.

How a table of text is laid out is `layout.py`'s.
"""

import re
from collections.abc import Collection, Sequence

from dmicc_assets.errors import SourceError
from dmicc_assets.expression.symbols import is_gene_symbol, is_human_symbol

# Columns of genes' identifiers and lengths, and of each sample's reliability (BeadStudio, MAS 5), and
# results of tests (limma, DESeq2).
_NO_SAMPLE = re.compile(
    r"entrez(?:[\W_]?gene)?(?:[\W_]?id)?|gene[\W_]?(?:id|length|name|symbol)|(?:eff(?:ective)?[\W_]?)?length"
    r"|(?:.*[\W_])?(?:detection[\W_]*p?[\W_]?(?:val(?:ue)?)?|abs[\W_]?call|bead[\W_]?std(?:err|ev)|(?:avg[\W_]?)?nbeads"
    r"|array[\W_]?stdev)|log[\W_]?2?[\W_]?(?:fc|fold[\W_]?change)|base[\W_]?mean|ave[\W_]?expr|lfcse|padj|fdr"
    r"|adj[\W_]*p[\W_]?val(?:ue)?|[pq][\W_]?val(?:ue)?",
    re.I,
)
# Rows that describe samples, or sum up genes: one of numbers (`group` of 0 and 1) would be the best marker of all.
_OF_SAMPLES = re.compile(
    r"(?:sample|patient|disease|clinical|tumou?r|cell|tissue)?[\W_]?(?:group|class|label|status|type|stage|grade)s?"
    r"|condition|diagnosis|disease|phenotype|subtype|batch|sex|gender|age|tissue|treatment|outcome|response|patient"
    r"|subject|(?:grand )?total|sum|mean|median|average|library[\W_]?size|(?:total[\W_])?reads",
    re.I,
)
_A_LINE_OF_SAMPLES = re.compile(rf"^(?:{_OF_SAMPLES.pattern})$", re.I | re.M)
# Fewer columns of gene symbols are no sign that genes are in columns.
_GENES_AT_LEAST = 3
_LETTERS_AT_LEAST = 4


def check_names(samples: Sequence[str], name: str, where: str = "", beside: Collection[str] = ()) -> None:
    """Refuse a table without samples, or with one that has no name, is a duplicate or is known to be no sample.

    Args:
        samples: names of the columns after the first.
        name: name of the file in messages.
        where: the header, in messages.
        beside: names of columns that are no samples.

    Raises:
        SourceError: the message says which column.
    """
    if not samples:
        raise SourceError(f"{name}: expected one column for each sample after the first, found none{where}")
    if "" in samples:
        raise SourceError(f"{name}: column {samples.index('') + 2} of the table has no name{where}")
    if others := [sample for sample in samples if _NO_SAMPLE.fullmatch(sample)]:
        raise SourceError(
            f"{name}: column {others[0]!r} is no sample, but describes genes or the sample beside it: expected a "
            f"column of names, then one column for each sample; leave out {', '.join(map(repr, others[:4]))}"
            + (f" and {len(others) - 4} more" if len(others) > 4 else "")
        )
    seen = set(beside)
    for sample in samples:
        if sample in seen:
            raise SourceError(f"{name}: duplicate sample column {sample!r}")
        seen.add(sample)


def check_rows(ids: Sequence[str], samples: Sequence[str], name: str) -> None:
    """Refuse a matrix with a row that describes samples or sums up genes, or with genes in columns.

    Args:
        ids: names of the rows.
        samples: names of the columns after the first.
        name: name of the file in messages.

    Raises:
        SourceError: the message says which row, or that the table is to be transposed.
    """
    is_any = _A_LINE_OF_SAMPLES.search("\n".join(ids)) is not None  # one search of all takes a fifth of one of each
    if others := [key for key in ids if is_any and _OF_SAMPLES.fullmatch(key) and not is_human_symbol(key)]:
        raise SourceError(
            f"{name}: row {others[0]!r} is no gene, but describes the samples or sums up the rows: leave it out, and "
            "write what describes samples into a sample sheet (samples: FILE)"
        )
    genes = _symbols(samples)
    # Samples C2, C3 and C5, or NORM1 and NORM2, have names of genes: words are counted, not numbers.
    stems = {re.sub(r"[\W_\d]+", "", key).casefold() for key in genes}
    if len(stems) < max(_GENES_AT_LEAST, len(samples) / 2) or len(_symbols(ids)) > len(ids) / 10:
        return
    raise SourceError(
        f"{name}: genes are in columns ({', '.join(genes[:3])}) and {ids[0]!r} is in a row: expected a row for each "
        "gene and a column for each sample; transpose the table"
    )


def _symbols(names: Sequence[str]) -> list[str]:
    return [key for key in names if len(key) >= _LETTERS_AT_LEAST and is_gene_symbol(key)]
