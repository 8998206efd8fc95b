# GEOquery's reading of the series matrices in ../cases/geo: `nasty` has defects that real ones have, `empty` no rows.
source("common.R"); suppressPackageStartupMessages(library(GEOquery))
for (name in c("intensities", "nasty", "nasty_crlf", "empty")) write_json(tryCatch({
  g <- suppressMessages(getGEO(filename = case_file("geo", paste0(name, "_series_matrix.txt.gz")), getGPL = FALSE)); x <- Biobase::exprs(g); p <- Biobase::pData(g); p[] <- lapply(p, function(v) gsub("\t", "\\t", as.character(v)))
  write_matrix(x, answer("geo", paste0(name, "__exprs.tsv.gz")), "ID_REF", 17); write_table(cbind(sample = rownames(p), p), answer("geo", paste0(name, "__pdata.tsv")))
  list(ok = TRUE, dim = dim(x), annotation = Biobase::annotation(g), n_na = sum(is.na(x)), colsums = as.list(colSums(x, na.rm = TRUE)), feature_names_head = head(rownames(x), 9)) }, error = function(e) list(ok = FALSE, error = conditionMessage(e))), answer("geo", paste0(name, ".json")))
