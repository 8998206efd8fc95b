# The study as an R script of the field would do it: limma, intersection, randomForest, pROC, rms.
# Usage: Rscript whole.R CONFIG.json OUT_DIR; the configuration is written by whole.py from the study file and its samples.
suppressPackageStartupMessages({library(limma); library(jsonlite); library(data.table); library(pROC); library(rms)})
arguments <- commandArgs(TRUE)
config <- fromJSON(arguments[1], simplifyVector = TRUE, simplifyDataFrame = FALSE, simplifyMatrix = FALSE)
out <- arguments[2]
dir.create(out, recursive = TRUE, showWarnings = FALSE)
write <- function(table, name) fwrite(table, file.path(out, name), sep = "\t")
all_lines <- function(path) { file <- gzfile(path); on.exit(close(file)); readLines(file) }
between <- function(path, kind) {
  lines <- all_lines(path)
  lines[(which(lines == paste0("!", kind, "_table_begin")) + 1):(which(lines == paste0("!", kind, "_table_end")) - 1)]
}

read_genes <- function(dataset) {
  table <- fread(text = between(dataset$matrix, "series_matrix"), sep = "\t", na.strings = c("NA", "null", "", "NaN", "N/A"))
  x <- as.matrix(table[, -1]); rownames(x) <- as.character(table[[1]])
  q <- quantile(x, c(0, .25, .99, 1), na.rm = TRUE)
  if (q[3] > 100 || (q[4] - q[1] > 50 && q[2] > 0)) { x[which(x <= 0)] <- NaN; x <- log2(x) }
  if (dataset$normalise == "quantile") x <- normalizeBetweenArrays(x, method = "quantile")
  probes <- fread(text = between(dataset$annotation, "platform"), sep = "\t", quote = "", colClasses = "character", fill = TRUE)
  symbols <- lapply(strsplit(probes[["Gene symbol"]], "///", fixed = TRUE), function(s) unique(trimws(s)))
  symbols <- lapply(symbols, function(s) s[nzchar(s) & s != "---"])
  one <- lengths(symbols) == 1
  gene <- setNames(unlist(symbols[one]), probes$ID[one])
  gene <- gene[names(gene) %in% rownames(x)]
  avereps(x[names(gene), , drop = FALSE], ID = gene)
}
datasets <- lapply(config$datasets, read_genes)

merge_cohort <- function(cohort) {
  genes <- Reduce(intersect, lapply(datasets[cohort$datasets], rownames))
  x <- do.call(cbind, lapply(datasets[cohort$datasets], function(d) d[genes, ]))
  batch <- rep(cohort$datasets, sapply(datasets[cohort$datasets], ncol))
  label <- unlist(config$labels)[colnames(x)]
  kept <- label %in% c(cohort$case, cohort$control)
  y <- as.integer(label[kept] == cohort$case); batch <- factor(batch[kept], levels = cohort$datasets); x <- x[, kept]
  design <- if (length(cohort$datasets) > 1) model.matrix(~ y + batch) else model.matrix(~ y)
  table <- topTable(eBayes(lmFit(x, design)), coef = "y", number = Inf, sort.by = "none")
  p <- if (config$adjust == "BH") table$adj.P.Val else table$P.Value
  if (length(cohort$datasets) > 1) x <- removeBatchEffect(x, batch = batch, design = model.matrix(~ y))
  list(x = x, y = y, table = table, degs = rownames(table)[which(abs(table$logFC) >= config$log_fc & p < config$p_value)])
}
cohorts <- lapply(config$cohorts, merge_cohort)
for (name in names(cohorts)) write(data.frame(gene = rownames(cohorts[[name]]$table), cohorts[[name]]$table), paste0("statistics_", name, ".tsv"))
signature <- sort(Reduce(intersect, lapply(cohorts, `[[`, "degs")))
universe <- Reduce(intersect, lapply(cohorts, function(c) rownames(c$x)))
sizes <- sapply(cohorts, function(c) sum(c$degs %in% universe))
write(data.frame(genes = length(signature), p_value = phyper(length(signature) - 1, sizes[1], length(universe) - sizes[1], sizes[2], lower.tail = FALSE)), "overlap.tsv")

top <- lapply(cohorts, function(c) {
  set.seed(config$seed)
  forest <- randomForest::randomForest(t(c$x[signature, , drop = FALSE]), factor(c$y), ntree = config$trees, importance = TRUE)
  gini <- sort(randomForest::importance(forest)[, "MeanDecreaseGini"], decreasing = TRUE)
  names(gini)[seq_len(min(config$top, length(gini)))]
})
biomarkers <- sort(Reduce(intersect, top))

one_roc <- function(name, x, y, table) rbindlist(lapply(intersect(signature, rownames(x)), function(gene) {
  r <- roc(y, x[gene, ], direction = if (table[gene, "logFC"] > 0) "<" else ">", levels = c(0, 1), quiet = TRUE)
  test <- suppressWarnings(wilcox.test(x[gene, y == 1], x[gene, y == 0]))
  data.frame(subject = name, gene = gene, auc = as.numeric(r$auc), t(as.numeric(ci.auc(r))[c(1, 3)]), p_value = test$p.value)
}))
rows <- lapply(names(cohorts), function(n) one_roc(n, cohorts[[n]]$x, cohorts[[n]]$y, cohorts[[n]]$table))
for (name in names(config$validation)) {
  given <- config$validation[[name]]
  table <- fread(text = all_lines(given$matrix), header = TRUE)
  x <- as.matrix(table[, -1]); rownames(x) <- table[[1]]
  label <- unlist(config$labels)[colnames(x)]; kept <- label %in% c(given$case, given$control)
  rows[[length(rows) + 1]] <- one_roc(name, x[, kept], as.integer(label[kept] == given$case), cohorts[[config$model]]$table)
}
write(rbindlist(rows), "roc.tsv")

model <- cohorts[[config$model]]
data <- data.frame(y = model$y, t(model$x[biomarkers, , drop = FALSE]))
bounds <- datadist(data); options(datadist = "bounds")
fit <- try(lrm(y ~ ., data = data, x = TRUE, y = TRUE, maxit = 50), silent = TRUE)
if (!inherits(fit, "try-error")) {
  write(data.frame(term = names(coef(fit)), coefficient = coef(fit)), "coefficients.tsv")
  set.seed(config$seed); invisible(try(validate(fit, B = config$bootstrap), silent = TRUE))
  set.seed(config$seed); invisible(try(calibrate(fit, B = config$bootstrap), silent = TRUE))
}
cat(toJSON(list(signature = length(signature), biomarkers = as.list(biomarkers), version = paste0("R ", getRversion(), ", limma ", packageVersion("limma"),
  ", pROC ", packageVersion("pROC"), ", rms ", packageVersion("rms"))), auto_unbox = TRUE))
