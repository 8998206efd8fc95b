# Golden values of GEOquery of `defects_series_matrix.txt`. Rscript geoquery.R, in this folder.
# Made with R 4.2.2 and GEOquery 2.66.0. ../R/geo.R has the other files here; real/geoquery.R asks the same of real files.
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
