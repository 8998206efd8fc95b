# Golden values of GEOquery, written with R 4.2.2 and GEOquery 2.66.0.
# Rscript geoquery.R [mirror]: defects_exprs.tsv and defects_samples.tsv from defects_series_matrix.txt; with the root
# of a mirror of GEO's tree, geoquery.tsv too: rows, columns, sums and ends of every series matrix in it.
suppressPackageStartupMessages(library(GEOquery))
number <- function(x) sprintf("%.17g", x)
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
  paths <- sort(list.files(mirror, "_series_matrix.txt.gz$", recursive = TRUE, full.names = TRUE))
  rows <- lapply(paths, function(path) {
    x <- Biobase::exprs(read(path))
    data.frame(file = basename(path), sample = colnames(x), n_rows = nrow(x), n_missing = colSums(is.na(x)),
               sum = number(colSums(x, na.rm = TRUE)), sum_of_squares = number(colSums(x^2, na.rm = TRUE)),
               first_id = if (nrow(x)) rownames(x)[1] else "", last_id = if (nrow(x)) rownames(x)[nrow(x)] else "",
               first = if (nrow(x)) number(x[1, ]) else "", last = if (nrow(x)) number(x[nrow(x), ]) else "")
  })
  write.table(do.call(rbind, rows), "geoquery.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
}
