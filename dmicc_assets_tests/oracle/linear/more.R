# Golden values that make.R does not have: samples of one patient as a blocking factor, the adjusted p and both limits of a
# table, TREAT with a trend and a robust prior, Storey's share of true nulls, ComBat without covariates. Run in this folder,
# after make.R: Rscript more.R
# Made with R 4.2.2, limma 3.54.1, sva 3.46.0, qvalue 2.30.0.
suppressPackageStartupMessages({library(limma); library(sva); library(qvalue)})
digits <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", sprintf("%.15g", x)) else x
put <- function(d, file) { con <- gzfile(paste0(file, ".tsv.gz"), "w"); write.table(as.data.frame(lapply(d, digits), optional = TRUE), con, sep = "\t", quote = FALSE, row.names = FALSE); close(con) }
matrix_of <- function(file) as.matrix(read.delim(paste0(file, ".tsv.gz"), row.names = 1))
s <- read.delim("samples.tsv.gz"); M <- matrix_of("missing"); X <- matrix_of("complete")
# Twelve patients, a case and a control sample of each
case <- rep(c(1, 0), 12); patient <- factor(rep(1:12, each = 2))
blocked <- model.matrix(~ case + patient)
rows <- list(); for (v in c("complete", "missing")) { e <- eBayes(lmFit(get(c(complete = "X", missing = "M")[v]), blocked)); t <- topTable(e, coef = "case", number = Inf, sort.by = "none", confint = TRUE)
  rows[[v]] <- data.frame(values = v, gene = rownames(X), log_fc = t$logFC, ci_low = t$CI.L, ci_high = t$CI.R, ave_expr = t$AveExpr, t = t$t, p_value = t$P.Value, adj_p_value = t$adj.P.Val, b = t$B) }
put(do.call(rbind, rows), "blocked")
full <- cbind(Intercept = 1, case = as.numeric(s$group == "case"), b = s$batch == "b", c = s$batch == "c", age = s$age); f <- lmFit(X, full)
treated <- list(default = list(), trend = list(trend = TRUE), robust = list(robust = TRUE), both = list(trend = TRUE, robust = TRUE))
put(do.call(rbind, lapply(names(treated), function(n) { r <- do.call(treat, c(list(f, lfc = .3), treated[[n]])); data.frame(moderation = n, gene = rownames(X), t = r$t[, "case"], p = r$p.value[, "case"]) })), "treat")
p <- eBayes(f)$p.value; put(do.call(rbind, lapply(c(0, .1, .5, .8, .95), function(l) data.frame(lambda = l, t(sapply(colnames(p)[2:5], function(k) pi0est(p[, k], lambda = l)$pi0))))), "pi0")
# ComBat's variants without covariates
B <- X[c(1:40, 200:203), ]; one <- s$batch; one[1] <- "d"
combat <- list(mean_only = ComBat(B, s$batch, mean.only = TRUE), reference = ComBat(B, s$batch, ref.batch = "b"), empirical = ComBat(B[1:40, ], s$batch, par.prior = FALSE), single = ComBat(B, one))
put(do.call(rbind, lapply(names(combat), function(v) data.frame(variant = v, gene = rownames(combat[[v]]), combat[[v]]))), "batch_alone")
