# Golden values of GEOquery, written with R 4.2.2 and GEOquery 2.66.0.
# Rscript geoquery.R [mirror]: defects_exprs.tsv and defects_samples.tsv from defects_series_matrix.txt; with the root
# of a mirror of GEO's tree, geoquery.tsv too: rows, sums, ends and MD5 of each sample of every series matrix and family
# SOFT file in it (of lines `id <tab> value` to 15 digits), and geoquery_platforms.tsv: MD5 of `id <tab> symbols` of each
# platform.
suppressPackageStartupMessages(library(GEOquery))
number <- function(x) sprintf("%.17g", x)
md5 <- function(ids, cells) {
  path <- tempfile(); con <- file(path, "wb")
  writeLines(paste(ids, cells, sep = "\t"), con, sep = "\n", useBytes = TRUE); close(con)
  unname(tools::md5sum(path))
}
values_md5 <- function(x) apply(x, 2, function(column) md5(rownames(x), sprintf("%.15g", column)))
read <- function(path) suppressWarnings(suppressMessages(getGEO(filename = path, getGPL = FALSE)))
copy <- file.path(tempdir(), "defects_series_matrix.txt.gz")
con <- gzfile(copy, "w"); writeLines(readLines("defects_series_matrix.txt", encoding = "UTF-8"), con, useBytes = TRUE); close(con)
g <- read(copy)
x <- Biobase::exprs(g)
write.table(cbind(ID_REF = rownames(x), apply(x, 2, number)), "defects_exprs.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
p <- Biobase::pData(g)
keys <- c("title", "geo_accession", "source_name_ch1", "platform_id", grep(":ch1$", names(p), value = TRUE))
write.table(p[, keys], "defects_samples.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
mirror <- commandArgs(TRUE)
if (length(mirror)) {
  paths <- sort(list.files(mirror, "_(series_matrix.txt|family.soft).gz$", recursive = TRUE, full.names = TRUE))
  family <- function(path) {
    tables <- lapply(GSMList(read(path)), Table)
    x <- sapply(tables, function(table) as.numeric(table$VALUE))
    stopifnot(all(sapply(tables, function(table) identical(table$ID_REF, tables[[1]]$ID_REF))))
    rownames(x) <- as.character(tables[[1]]$ID_REF)
    x
  }
  rows <- lapply(paths, function(path) {
    x <- if (grepl("soft", path)) family(path) else Biobase::exprs(read(path))
    data.frame(file = basename(path), sample = colnames(x), n_rows = nrow(x), n_missing = colSums(is.na(x)),
               sum = number(colSums(x, na.rm = TRUE)), sum_of_squares = number(colSums(x^2, na.rm = TRUE)),
               first_id = if (nrow(x)) rownames(x)[1] else "", last_id = if (nrow(x)) rownames(x)[nrow(x)] else "",
               first = if (nrow(x)) number(x[1, ]) else "", last = if (nrow(x)) number(x[nrow(x), ]) else "",
               md5 = if (nrow(x)) values_md5(x) else "")
  })
  write.table(do.call(rbind, rows), "geoquery.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
  platforms <- sort(list.files(file.path(mirror, "platforms"), recursive = TRUE, full.names = TRUE))
  rows <- lapply(platforms, function(path) {
    table <- Table(read(path))
    column <- intersect(c("Gene symbol", "Symbol"), names(table))[1]
    symbols <- as.character(table[[column]]); symbols[is.na(symbols)] <- ""
    data.frame(file = basename(path), n_probes = nrow(table), md5 = md5(as.character(table$ID), symbols))
  })
  write.table(do.call(rbind, rows), "geoquery_platforms.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
}
