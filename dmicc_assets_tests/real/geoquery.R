# What GEOquery reads of every series matrix, family SOFT file and platform of a mirror in GEO's tree, as checksums: MD5 of lines
# `id <tab> value` to 15 digits of each sample, and of `id <tab> symbols` of each platform.
# Rscript geoquery.R MIRROR, in this folder. Made with R 4.2.2 and GEOquery 2.66.0.
suppressPackageStartupMessages(library(GEOquery))
md5 <- function(ids, cells) {
  path <- tempfile(); con <- file(path, "wb")
  writeLines(paste(ids, cells, sep = "\t"), con, sep = "\n", useBytes = TRUE); close(con)
  unname(tools::md5sum(path))
}
read <- function(path) suppressWarnings(suppressMessages(getGEO(filename = path, getGPL = FALSE)))
mirror <- commandArgs(TRUE)
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
  sums <- if (nrow(x)) apply(x, 2, function(column) md5(rownames(x), sprintf("%.15g", column))) else ""
  data.frame(file = basename(path), sample = colnames(x), n_rows = nrow(x), md5 = sums)
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
