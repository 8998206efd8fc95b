"""Tables of the `source` group: downloaded files, and metadata of datasets, samples and probes."""

from dmicc_assets.tables.table import COUNT, DATASET, MAP, MOMENT, REAL, SAMPLE, STUDY, TEXT, Column, Table, Taken, key

TABLES = (
    Table(
        "source/files",
        "dataset",
        (
            STUDY,
            DATASET,
            key(
                "role",
                "its use: matrix, soft, counts, platform, annotation, gene_ids, samples or clinical",
            ),
            key("file", "file name as served"),
            Column("sha256", TEXT, "SHA-256 of the file's bytes; its folder in `downloads/`"),
            Column("n_bytes", COUNT, "size in bytes"),
            Column("source_url", TEXT, "where it was fetched from", is_volatile=True),
            Column("last_modified", TEXT, "Last-Modified as served", is_volatile=True),
            Column("etag", TEXT, "ETag as served", is_volatile=True),
            Column("retrieved_at", MOMENT, "when it was fetched", is_volatile=True),
        ),
        "The verified files of a dataset, exactly as GEO, Xena or the disk served them, with their checksums.",
    ),
    Table(
        "source/datasets",
        "dataset",
        (
            STUDY,
            DATASET,
            Column("source", TEXT, "geo, xena or file"),
            Column("accession", TEXT, "series accession, matrix name on the hub, or file name"),
            Column("platform", TEXT, "platform accession (GPL...); NULL when the matrix is by gene"),
            Column("title", TEXT, "title of the series"),
            Column("organism", TEXT, "organism of the samples"),
            Column("n_samples", COUNT, "samples in the matrix, those with unused labels included"),
            Column("n_probes", COUNT, "rows of the matrix as served"),
            Column("last_update_date", TEXT, "last update that GEO states for series or samples", is_volatile=True),
            Column(
                "scale_detected", TEXT, "'linear' when log2 was taken, 'log2' (GEO2R's rule under auto), or 'counts'"
            ),
            Column("source_url", TEXT, "where the matrix was fetched from", is_volatile=True),
            Column("content_sha256", TEXT, "SHA-256 of the decompressed data table, header left out"),
            Column("retrieved_at", MOMENT, "when the matrix was fetched", is_volatile=True),
            Column("tissue", TEXT, "tissue, by the study file"),
            Column("symbol_column", TEXT, "column of the platform table that gave the gene symbols"),
            Column("relations", TEXT, "relations that GEO states (super-series, re-analyses), one on each line"),
            Column("pubmed_ids", TEXT, "PubMed ids of the series, separated by spaces"),
        ),
        "One row for each dataset: its origin, size and original scale.",
        taken=(Taken("source/files", ("study", "dataset", "source_url", "retrieved_at")),),
    ),
    Table(
        "source/samples",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            Column("title", TEXT, "title of the sample"),
            Column("source_name", TEXT, "source name (tissue, cell line) of the sample"),
            Column("label", TEXT, "label of the sample, by the study's rules"),
            Column("patient", TEXT, "patient of the sample; NULL when the study has no rule for it"),
            Column("batch", TEXT, "batch within the dataset, as a centre; NULL when the study names none"),
            Column("same_as", TEXT, "first sample whose array is the same up to rounding; NULL where there is none"),
            Column("characteristics", MAP, "every characteristic that the submitter gave: key to value"),
        ),
        "One row for each sample: title, source name, every characteristic, and its label in the study.",
    ),
    Table(
        "source/clinical",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            key("field", "column of the clinical file, as its header names it"),
            Column("value", TEXT, "value as the file has it"),
            Column("number", REAL, "the value as a number; NULL where it is none"),
            Column("file", TEXT, "the clinical file, as in source.files"),
        ),
        "One row for each sample and clinical field: sex, age, follow-up, from the files that `clinical:` names.",
    ),
    Table(
        "source/probe_genes",
        "dataset",
        (
            STUDY,
            DATASET,
            key("probe", "probe id of the platform"),
            Column("gene", TEXT, "the one gene symbol of the probe; NULL when it has none or several"),
            Column("n_symbols", COUNT, "number of distinct symbols in the annotation"),
        ),
        "The gene of each probe; probes without a symbol or with several are not used.",
    ),
    Table(
        "source/gene_ids",
        "dataset",
        (
            STUDY,
            DATASET,
            key("namespace", "whose identifier it is: 'entrez' or 'ensembl'"),
            key("identifier", "identifier of the gene, without Ensembl's version"),
            key("gene", "gene symbol of the probes that have this identifier"),
        ),
        "Entrez and Ensembl identifiers of the measured genes, where the platform's annotation gives them.",
    ),
)
