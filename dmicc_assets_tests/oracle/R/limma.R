# limma's fits, moderated statistics, TREAT, array weights and voom; edgeR's filter and factors. Of a table the rows with the
# smallest p, every tenth row and the special genes are kept; the summaries are of all rows.
# With ORACLE_LIMMA, a library that holds limma 3.61.8 or newer, only `synthetic` is written, to ../limma_3.63/.
source("common.R"); newer <- Sys.getenv("ORACLE_LIMMA"); folder <- if (nzchar(newer)) "limma_3.63" else "limma"
suppressPackageStartupMessages(if (nzchar(newer)) library(limma, lib.loc = newer) else { library(limma); library(edgeR) })
kept <- function(d, p = d$P.Value) { n <- nrow(d); few <- n < 600; rank(p, ties.method = "first") <= 60 | seq_len(n) %% (if (few) 4 else 10) == 0 | is.na(p) | (!few & d$id > "GENE1900" & d$id < "GENE1990") }
emit <- function(e, case, name, coef = 1, extra = FALSE) {
  tt <- topTable(e, coef = coef, number = Inf, sort.by = "none", genelist = rownames(e$coefficients), confint = TRUE)
  tt <- cbind(id = rownames(e$coefficients), tt[, c("logFC", "CI.L", "CI.R", "AveExpr", "t", "P.Value", "adj.P.Val", "B")])
  if (extra) { n <- nrow(tt); if (length(e$s2.prior) > 1) tt$s2.prior <- e$s2.prior; if (length(e$df.prior) > 1) tt$df.prior <- e$df.prior; tt$s2.post <- e$s2.post; tt$df.total <- rep_len(e$df.total, n) }
  write_table(tt[kept(tt), ], answer(folder, paste0(case, "__", name, ".tsv.gz")), 13)
  ok <- !is.na(tt$adj.P.Val); adj <- tt$adj.P.Val[ok] < .05; size <- abs(tt$logFC[ok])
  write_json(list(df.prior.range = range(e$df.prior), s2.prior.range = range(e$s2.prior), var.prior = e$var.prior, n_tested = sum(ok), n_adjp05 = sum(adj), n_adjp05_lfc05 = sum(adj & size > .5), n_adjp05_lfc1 = sum(adj & size > 1),
    n_p05_lfc1 = sum(tt$P.Value[ok] < .05 & size > 1), top20 = as.character(topTable(e, coef = coef, number = 20, genelist = rownames(e$coefficients))$ID)), answer(folder, paste0(case, "__", name, ".json")))
}
emit_fit <- function(f, case, name, coef) { d <- data.frame(id = rownames(f$coefficients), coefficient = f$coefficients[, coef], stdev.unscaled = f$stdev.unscaled[, coef], sigma = f$sigma, df.residual = f$df.residual, Amean = f$Amean)
  write_table(d[kept(d, -abs(d$coefficient)), ], answer(folder, paste0(case, "__", name, "__fit.tsv.gz")), 13) }
three <- function(f, case, base, coef = 1) { emit_fit(f, case, base, coef); emit(eBayes(f), case, paste0(base, "_default"), coef); emit(eBayes(f, trend = TRUE), case, paste0(base, "_trend"), coef, TRUE); emit(eBayes(f, robust = TRUE), case, paste0(base, "_robust"), coef, TRUE) }
contrast_of <- function(X, d, ...) { f <- lmFit(X, d, ...); contrasts.fit(f, c(-1, 1, rep(0, ncol(d) - 2))) }
quietly <- suppressWarnings
if (!nzchar(newer)) {
  ## arrays: two groups; with sex and age, of those samples that have them; with array weights; TREAT
  X <- expression_of("arrays"); s <- read_table(case_file("arrays", "samples.tsv")); g <- factor(s$group, c("control", "case")); d <- model.matrix(~0 + g)
  f <- contrast_of(X, d); three(f, "arrays", "group")
  k <- which(complete.cases(s[, c("sex", "age")])); three(lmFit(X[, k], model.matrix(~g[k] + sex + age, s[k, ])), "arrays", "cov", 2)
  w <- arrayWeights(X, d); write_table(data.frame(sample = s$sample, weight = w, weight_reml = arrayWeights(X, d, method = "reml")), answer(folder, "arrays__arrayweights.tsv"))
  fw <- contrast_of(X, d, weights = w); emit_fit(fw, "arrays", "aw", 1); emit(eBayes(fw), "arrays", "aw_default")
  tt <- topTreat(treat(f, lfc = log2(1.2)), coef = 1, number = Inf, sort.by = "none"); tt <- cbind(id = rownames(tt), tt[, c("logFC", "AveExpr", "t", "P.Value", "adj.P.Val")]); write_table(tt[kept(tt), ], answer(folder, "arrays__group_treat.tsv.gz"), 13)
  ## intensities: GEO2R's rule, then two groups
  X <- expression_of("intensities"); q <- as.numeric(quantile(X, c(0, .25, .5, .75, .99, 1), na.rm = TRUE)); linear <- q[5] > 100 || (q[6] - q[1] > 50 && q[2] > 0)
  if (linear) { X[which(X <= 0)] <- NaN; X <- log2(X) }
  write_json(list(quantiles = q, log2_needed = linear, n_nan = sum(is.nan(X))), answer("normalise", "intensities_log2_rule.json"))
  emit(eBayes(lmFit(X, model.matrix(~factor(grepl("normal", read_table(case_file("intensities", "samples.tsv"))$source), c(TRUE, FALSE))))), "intensities", "log2_default", 2)
}
## synthetic: missing values, zero variance, 149 against 6
X <- expression_of("synthetic"); s <- read_table(case_file("synthetic", "samples.tsv")); g <- factor(s$group, c("control", "disease")); b <- factor(s$batch); d <- model.matrix(~0 + g)
quietly({ f <- contrast_of(X, d); emit_fit(f, "synthetic", "group", 1); emit(eBayes(f), "synthetic", "group_default"); emit(eBayes(f, robust = TRUE), "synthetic", "group_robust", 1, TRUE)
  write_json(list(trend_with_all_NA_row = tryCatch({ eBayes(f, trend = TRUE); "ok" }, error = conditionMessage)), answer(folder, "synthetic__group_trend_error.json"))
  X <- X[rowSums(!is.na(X)) > 0, ]; three(contrast_of(X, d), "synthetic", "noallna")
  f <- lmFit(X, model.matrix(~g)); emit_fit(f, "synthetic", "intercept", 2); emit(eBayes(f), "synthetic", "intercept_default", 2)
  clean <- rowSums(is.na(X)) == 0 & apply(X, 1, sd, na.rm = TRUE) > 0; clean[is.na(clean)] <- FALSE; clean[1911:1920] <- FALSE
  if (!nzchar(newer)) three(contrast_of(X[clean, ], d), "synthetic", "clean")
  d2 <- model.matrix(~g + b); three(lmFit(X, d2), "synthetic", "batch", 2)
  # contrasts.fit is approximate where values are missing and the design is not orthogonal
  f <- contrast_of(X, model.matrix(~0 + g + b)); emit_fit(f, "synthetic", "batch_contrast_approx", 1); emit(eBayes(f), "synthetic", "batch_contrast_approx_default") })
write_json(list(nonEstimable = nonEstimable(cbind(d2, dup = d2[, 3]))), answer(folder, "synthetic__rankdef.json"))
if (!nzchar(newer)) {
  ## counts
  C <- read_matrix(case_file("counts", "counts.tsv.gz")); s <- read_table(case_file("counts", "samples.tsv")); g <- factor(s$group); d <- model.matrix(~g)
  quietly({ y <- DGEList(C); keep <- filterByExpr(y, group = g); y0 <- y; y <- calcNormFactors(y[keep, , keep.lib.sizes = FALSE])
    v0 <- voom(C, d); v <- voom(y, d); vq <- voom(C, d, normalize.method = "quantile"); vw <- voomWithQualityWeights(y, d) })
  write_table(data.frame(gene = rownames(C), keep = keep), answer("voom", "filterByExpr.tsv.gz")); write_table(data.frame(sample = s$sample, lib.size = y$samples$lib.size, norm.factors = y$samples$norm.factors, qw = vw$targets$sample.weights), answer("voom", "samples.tsv"))
  some <- function(m) m[seq_len(nrow(m)) %% 10 == 0 | rownames(m) > "GENE1895" & rownames(m) <= "GENE1905", ]
  write_matrix(some(cpm(y0, log = TRUE, prior.count = 2)), answer("voom", "logcpm_prior2_nonorm.tsv.gz"), "gene")
  for (nm in c("v0", "v")) { o <- get(nm); w <- o$weights; dimnames(w) <- dimnames(o$E); write_matrix(some(o$E), answer("voom", paste0(nm, "_E.tsv.gz")), "gene"); write_matrix(some(w), answer("voom", paste0(nm, "_weights.tsv.gz")), "gene") }
  for (nm in c("raw", "tmm", "qw", "quantile")) emit(eBayes(lmFit(list(raw = v0, tmm = v, qw = vw, quantile = vq)[[nm]], d)), "counts", paste0("voom_", nm, "_default"), 2)
  emit(eBayes(lmFit(cpm(y, log = TRUE, prior.count = 3), d), trend = TRUE), "counts", "limmatrend", 2, TRUE)
}
