# What every script of this folder reads and writes with. Each is run in this folder: Rscript limma.R
# Inputs are in ../cases/<case>/, answers in ../<topic>/. README.md beside has the order and the versions.
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
texts <- function(x, digits) if (is.double(x)) ifelse(is.na(x), ifelse(is.nan(x), "NaN", "NA"), sprintf(paste0("%.", digits, "g"), x)) else x
write_table <- function(d, file, digits = 17) {
  dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
  d <- as.data.frame(lapply(as.list(d), texts, digits), check.names = FALSE, stringsAsFactors = FALSE, optional = TRUE)
  con <- if (grepl("\\.gz$", file)) gzfile(file, "w", compression = 9) else file(file, "w")
  write.table(d, con, sep = "\t", quote = FALSE, row.names = FALSE, na = "NA"); close(con)
}
write_matrix <- function(m, file, id = "id", digits = 13) write_table(cbind(setNames(data.frame(rownames(m), stringsAsFactors = FALSE), id), as.data.frame(m)), file, digits)
# jsonlite caps doubles at 15 significant digits: numbers go through sprintf and lose their quotes afterwards.
write_json <- function(x, file) {
  dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
  walk <- function(v) if (is.null(v)) NULL else if (is.list(v)) lapply(v, walk) else if (is.double(v)) { r <- ifelse(is.nan(v), "NaN", ifelse(is.na(v), "NA", ifelse(is.infinite(v), as.character(v), sprintf("@N@%.17g", v)))); names(r) <- names(v); r } else v
  writeLines(gsub('"@N@([^"]*)"', "\\1", jsonlite::toJSON(walk(x), auto_unbox = TRUE, pretty = TRUE, na = "string", null = "null")), file)
}
read_table <- function(file, ...) read.delim(file, check.names = FALSE, stringsAsFactors = FALSE, quote = "", ...)
read_matrix <- function(file) as.matrix(read.delim(file, check.names = FALSE, row.names = 1, na.strings = "NA"))
case_file <- function(case, file) file.path("..", "cases", case, file)
answer <- function(topic, file) file.path("..", topic, file)
expression_of <- function(case) if (case == "synthetic") readRDS(file.path(tempdir_of_cases, "synthetic.rds")) else read_matrix(case_file(case, "expression.tsv.gz"))
# The large case is kept as Parquet, which R's base cannot read: cases.R leaves it here as well.
tempdir_of_cases <- Sys.getenv("ORACLE_WORK", "/tmp")
