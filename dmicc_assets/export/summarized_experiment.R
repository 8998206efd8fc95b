# Makes a SummarizedExperiment (Bioconductor) of a cohort that `dmicc export` wrote.
#
#   source("summarized_experiment.R")     # in this folder, or by its path; reads load.R beside it
#   hcc <- cohort_experiment("hcc")       # genes by samples; needs the package SummarizedExperiment
#   SummarizedExperiment::assay(hcc, "value_adjusted")   # log2, batch removed; `value` is as merged
#
# rowData has the tests of each gene (differential$statistics), colData the samples (cohort$samples).

script <- Filter(Negate(is.null), lapply(sys.frames(), function(frame) frame$ofile))
here <- if (length(script)) dirname(script[[length(script)]]) else "."
source(file.path(here, "load.R"))

cohort_experiment <- function(cohort) {
  if (!requireNamespace("SummarizedExperiment", quietly = TRUE)) {
    stop("cohort_experiment needs SummarizedExperiment: BiocManager::install(\"SummarizedExperiment\")")
  }
  parts <- cohort_parts(cohort)
  SummarizedExperiment::SummarizedExperiment(
    assays = parts$assays,
    rowData = S4Vectors::DataFrame(parts$genes, check.names = FALSE),
    colData = S4Vectors::DataFrame(parts$samples, check.names = FALSE),
    metadata = list(cohort = cohort, meaning = parts$meaning)
  )
}

# The same in base R: assays (matrices), genes and samples (data frames in the order of rows and columns).
cohort_parts <- function(cohort) {
  assays <- study$cohort$expression[[cohort]]
  if (is.null(assays)) {
    stop("no cohort ", cohort, "; there are: ", paste(names(study$cohort$expression), collapse = ", "))
  }
  assays <- assays[c("value_adjusted", setdiff(names(assays), "value_adjusted"))]
  matrix <- assays[[1]]
  list(
    assays = assays,
    genes = rows_of(study$differential$statistics, cohort, "gene", rownames(matrix)),
    samples = rows_of(study$cohort$samples, cohort, "sample", colnames(matrix)),
    meaning = c(attr(study$differential$statistics, "meaning"), attr(study$cohort$samples, "meaning"))
  )
}

# A cohort's rows of a table in the order of names; a row of missing values where the table has none.
rows_of <- function(table, cohort, key, names) {
  rows <- table[table$cohort == cohort, setdiff(colnames(table), c("study", "cohort")), drop = FALSE]
  rows <- rows[match(names, rows[[key]]), setdiff(colnames(rows), key), drop = FALSE]
  rownames(rows) <- names
  rows
}
