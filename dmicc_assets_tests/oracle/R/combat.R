# sva's ComBat and limma's removeBatchEffect: some genes whole, mean, sd, first and last value of more; principal components.
source("common.R"); suppressPackageStartupMessages({library(sva); library(limma); library(BiocParallel)}); register(SerialParam())
put <- function(M, name, whole, rows = seq_len(nrow(M))) { write_matrix(M[whole, , drop = FALSE], answer("combat", paste0(name, ".tsv.gz")))
  R <- M[rows, ]; write_table(data.frame(id = rownames(R), mean = rowMeans(R, na.rm = TRUE), sd = apply(R, 1, sd, na.rm = TRUE), first = R[, 1], last = R[, ncol(R)]), answer("combat", paste0(name, "__rows.tsv.gz")), 13) }
combat <- function(...) suppressMessages(ComBat(...))
X <- expression_of("batches"); s <- read_table(case_file("batches", "samples.tsv")); b <- s$batch; mod <- model.matrix(~factor(s$cancer, c("Normal", "Biopsy", "Cancer"))); ix <- seq(1, nrow(X), by = 16)
options <- list(par = list(), meanonly = list(mean.only = TRUE), ref2 = list(ref.batch = 2), nonpar = list(par.prior = FALSE))
for (nm in names(options)) for (m in list(NULL, mod)) { few <- nm == "nonpar"; Y <- if (few) X[1:60, ] else X; put(do.call(combat, c(list(Y, b, mod = m), options[[nm]])), paste0("batches__", nm, if (!is.null(m)) "_mod", if (few) "_first60"), if (few) seq(1, 60, 10) else ix) }
put(removeBatchEffect(X, batch = b), "batches__rbe", ix); put(removeBatchEffect(X, batch = b, design = mod), "batches__rbe_design", ix)
b1 <- b; b1[1] <- 9; put(combat(X, b1), "batches__single_sample_batch", ix)    # one sample in a batch: means only
k <- (s$batch == 1 & s$cancer == "Cancer") | s$batch == 3                        # batch and outcome are one
write_json(list(confounded_error = tryCatch({ combat(X[, k], b[k], mod = model.matrix(~factor(s$cancer[k]))); "ok" }, error = conditionMessage)), answer("combat", "confounded.json"))
pc <- function(M) prcomp(t(M)); before <- pc(X); after <- pc(combat(X, b))
write_json(list(before_var = (before$sdev^2 / sum(before$sdev^2))[1:5], after_var = (after$sdev^2 / sum(after$sdev^2))[1:5]), answer("combat", "pca_variance.json"))
write_table(data.frame(sample = s$sample, pc1_before = before$x[, 1], pc2_before = before$x[, 2], pc1_after = after$x[, 1], pc2_after = after$x[, 2]), answer("combat", "batches__pca.tsv"))
## synthetic: genes that some batch has hardly a value of are left out, since sva cannot have them
X <- expression_of("synthetic"); s <- read_table(case_file("synthetic", "samples.tsv")); mod <- model.matrix(~factor(s$group, c("control", "disease"))); genes <- rownames(X)
X <- X[rowSums(!is.na(X[, s$batch == "GSEa"])) > 1 & rowSums(!is.na(X[, s$batch == "GSEb"])) > 1, ]
special <- function(M) rownames(M) > "GENE1900" & rownames(M) <= "GENE1990"; whole <- function(M) which(seq_len(nrow(M)) %% 200 == 0 | special(M) & seq_len(nrow(M)) %% 6 == 0); rows <- function(M) which(seq_len(nrow(M)) %% 8 == 0 | special(M))
of <- function(M, name) put(M, paste0("synthetic__", name), whole(M), rows(M))
of(combat(X, s$batch), "par"); singular <- tryCatch({ combat(X, s$batch, mod = mod); "ok" }, error = conditionMessage); of(combat(X[rowSums(is.na(X)) == 0, ], s$batch, mod = mod), "par_mod_complete")
of(removeBatchEffect(X, batch = s$batch, design = mod), "rbe_design"); of(removeBatchEffect(X, batch = s$batch, covariates = s$age), "rbe_cov")
write_json(list(kept_rows = nrow(X), dropped = setdiff(genes, rownames(X)), synthetic_mod = singular), answer("combat", "synthetic_notes.json"))
