# Golden values of linear models, normalisation, collapse, batch and multiplicity. Run in this folder: Rscript make.R
# Made with R 4.2.2, limma 3.54.1, sva 3.46.0, edgeR 3.40.2, statmod 1.5.0.
suppressPackageStartupMessages({library(limma); library(sva); library(edgeR); library(statmod)})
set.seed(20240501)
digits <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", sprintf("%.15g", x)) else x
put <- function(d, file) {
  d <- as.data.frame(lapply(as.list(as.data.frame(d)), digits), optional = TRUE)
  con <- gzfile(paste0(file, ".tsv.gz"), "w"); write.table(d, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}
G <- 240; N <- 24
group <- rep(c("control", "case"), c(9, 15)); batch <- rep(c("a", "b", "c"), 8); patient <- c(1:9, 1:9, 10:12, 10:12); age <- round(rnorm(N, 50, 9))
sd <- sqrt(0.1 * 4 / rchisq(G, 4)); mu <- runif(G, 4, 12); effect <- c(rnorm(40, 0, 1.5), rep(0, G - 40)); person <- matrix(rnorm(G * 12), G)
X <- mu + outer(effect, group == "case") + outer(rnorm(G, 0, .5), batch == "b") + person[, patient] * sd * .6 + matrix(rnorm(G * N), G) * sd
X[200, ] <- 7.5; X[201, batch == "a"] <- 6; X[202:205, ] <- round(X[202:205, ] * c(1, 2, 4, 5)) / c(1, 2, 4, 5)  # tied values, but no two variances tied up to rounding
X <- round(X, 4); dimnames(X) <- list(sprintf("G%03d", 1:G), sprintf("S%02d", 1:N))
M <- X; M[206:225, ][matrix(runif(20 * N) < .15, 20)] <- NA; M[226, group == "control"] <- NA; M[227, ] <- NA; M[227, c(1, 24)] <- c(6, 7); M[228, ] <- NA; M[228, c(1, 2, 24)] <- c(6, 6.5, 7)
put(cbind(gene = rownames(M), as.data.frame(M)), "missing"); put(cbind(gene = rownames(X), as.data.frame(X)), "complete")
W <- matrix(round(runif(G * N, .3, 3), 3), G); put(W, "weights"); w <- round(runif(N, .4, 2), 3)
put(data.frame(sample = colnames(X), group, batch, patient, age, weight = w), "samples")
y <- as.numeric(group == "case"); design <- cbind(Intercept = 1, case = y); full <- cbind(design, b = batch == "b", c = batch == "c", age = age)
table_of <- function(fit, coef = "case") { t <- topTable(fit, coef = coef, number = Inf, sort.by = "none", confint = TRUE)
  data.frame(gene = rownames(fit$coefficients), t[, c("logFC", "CI.L", "AveExpr", "t", "P.Value", "B")], sigma = fit$sigma, df.residual = fit$df.residual, df.total = fit$df.total, s2.post = fit$s2.post) }
variants <- list(
  complete = eBayes(lmFit(X, design)), full = eBayes(lmFit(X, full)), missing = eBayes(lmFit(M, design)), missing_full = eBayes(lmFit(M, full)),
  trend = eBayes(lmFit(X, full), trend = TRUE), robust = eBayes(lmFit(X, full), robust = TRUE), both = eBayes(lmFit(X, full), trend = TRUE, robust = TRUE),
  missing_trend = eBayes(lmFit(M, design), trend = TRUE), missing_robust = eBayes(lmFit(M, design), robust = TRUE), missing_both = eBayes(lmFit(M, design), trend = TRUE, robust = TRUE),
  sample_weights = eBayes(lmFit(X, full, weights = w)), missing_sample_weights = eBayes(lmFit(M, design, weights = w)), weights = eBayes(lmFit(M, full, weights = W)),
  correlated = eBayes(lmFit(X, full, block = patient, correlation = .3)), correlated_missing = eBayes(lmFit(M, full, block = patient, correlation = .3)),
  correlated_weights = eBayes(lmFit(M, design, block = patient, correlation = -.2, weights = W)))
out <- do.call(rbind, lapply(names(variants), function(v) cbind(variant = v, table_of(variants[[v]]))))
put(out, "statistics")
put(data.frame(variant = names(variants), df_prior = sapply(variants, function(f) f$df.prior[1]), s2_prior = sapply(variants, function(f) f$s2.prior[1]), var_prior = sapply(variants, function(f) f$var.prior[2])), "priors")
## Contrasts, F, TREAT, decisions, orders
three <- model.matrix(~0 + batch); contrasts <- cbind(ab = c(-1, 1, 0), ac = c(-1, 0, 1), bc = c(0, -1, 1))
f <- contrasts.fit(lmFit(M, cbind(three, age)), rbind(contrasts, 0)); put(data.frame(coef = f$coefficients, stdev = f$stdev.unscaled), "contrasts_missing")
f <- contrasts.fit(lmFit(X, cbind(three, age)), rbind(contrasts, 0)); e <- eBayes(f); tr <- treat(f, lfc = .3)
d1 <- unclass(decideTests(e, p.value = .2)); d2 <- unclass(decideTests(e, method = "global", p.value = .2)); d3 <- unclass(decideTests(e, adjust.method = "holm", p.value = .5, lfc = .4))
put(data.frame(gene = rownames(M), coef = f$coefficients, stdev = f$stdev.unscaled, t = e$t, F = e$F, Fp = e$F.p.value, treat_t = tr$t, treat_p = tr$p.value, separate = d1[, ], global = d2[, ], holm = d3[, ]), "contrasts")
e <- variants$full
writeLines(c(paste(rownames(topTable(e, coef = "case", number = 20)), collapse = " "), paste(rownames(topTable(e, coef = "case", number = 20, sort.by = "logFC")), collapse = " "), paste(rownames(topTable(e, coef = 3:4, number = 20)), collapse = " ")), "orders.txt")
## Weights of arrays; correlation within blocks, REML run to convergence (limma stops at 1e-6) and as limma gives it
put(data.frame(reml = arrayWeights(X, full), by_gene = arrayWeights(M[1:225, ], design), by_gene_weighted = arrayWeights(X, design, weights = W)), "array_weights")
reml <- function(v, d, b, u = NULL) { o <- is.finite(v); if (sum(o) <= ncol(d) + 2 || length(unique(b[o])) == sum(o)) return(NA)
  z <- model.matrix(~0 + factor(b[o])); v <- v[o]; d <- d[o, , drop = FALSE]; if (!is.null(u)) { v <- v * sqrt(u[o]); d <- d * sqrt(u[o]) }
  s <- try(mixedModel2Fit(v, d, z, only.varcomp = TRUE, maxit = 1000, tol = 1e-15)$varcomp, silent = TRUE); if (inherits(s, "try-error")) NA else s[2] / sum(s) }
sub <- c(1:199, 206:225)
put(data.frame(gene = rownames(M)[sub], rho = sapply(sub, function(i) reml(M[i, ], full, patient)), rho_weighted = sapply(sub, function(i) reml(M[i, ], design, patient, W[i, ]))), "block_correlation")
writeLines(sprintf("%.15g", c(duplicateCorrelation(M[sub, ], full, block = patient)$consensus, duplicateCorrelation(M[sub, ], design, block = patient, weights = W[sub, ])$consensus)), "consensus.txt")
## Quantile normalisation and collapse
Q <- M[c(1:20, 202:240), 1:8]; Q[, 5] <- NA; Q[1:2, 5] <- c(7, 9)
put(cbind(gene = rownames(Q), as.data.frame(Q)), "quantile_input"); put(normalizeBetweenArrays(Q, method = "quantile"), "quantile")
id <- sprintf("SYM%02d", c(rep(1:30, 4), 31:60, rep(61:75, 6))); put(data.frame(probe = rownames(M), gene = id), "probe_genes")
a <- avereps(M, ID = id); a <- a[order(rownames(a), method = "radix"), ]
md <- t(sapply(split(seq_along(id), id), function(i) apply(M[i, , drop = FALSE], 2, median, na.rm = TRUE))); o <- order(rowMeans(M, na.rm = TRUE), decreasing = TRUE)
put(data.frame(gene = rownames(a), max_mean = rownames(M)[o][!duplicated(id[o])][match(rownames(a), id[o][!duplicated(id[o])])], mean = a[, 1:12], median = md[rownames(a), 1:12]), "collapse")
## Batch
quiet <- function(x) suppressMessages(x); B <- X[c(1:40, 200:203), ]; C <- M[c(1:40, 206:225), ]; one <- batch; one[1] <- "d"; mod <- model.matrix(~y)
batches <- list(parametric = quiet(ComBat(B, batch)), covariate = quiet(ComBat(B, batch, mod = mod)), mean_only = quiet(ComBat(B, batch, mod = mod, mean.only = TRUE)), reference = quiet(ComBat(B, batch, mod = mod, ref.batch = "b")),
  empirical = quiet(ComBat(B[1:40, ], batch, mod = mod, par.prior = FALSE)), single = quiet(ComBat(B, one, mod = mod)), missing = quiet(ComBat(C, batch, mod = mod)), missing_reference = quiet(ComBat(C, batch, ref.batch = "a")), missing_empirical = quiet(ComBat(C, batch, par.prior = FALSE)),
  removed = removeBatchEffect(C, batch = batch, design = mod), removed_two = removeBatchEffect(C, batch = batch, batch2 = patient %% 2, design = mod), removed_covariate = removeBatchEffect(C, batch = batch, covariates = age, design = mod))
put(do.call(rbind, lapply(names(batches), function(v) data.frame(variant = v, gene = rownames(batches[[v]]), batches[[v]]))), "batch")
## Counts
K <- matrix(rnbinom(200 * 8, mu = exp(rnorm(200, 4, 1.7)) * outer(rep(1, 200), c(1, .5, 1.5, .8, 2, 1, .7, 1.2)), size = 6), 200); K[196:200, ] <- 0; K[1:20, 5:8] <- K[1:20, 5:8] * 4; storage.mode(K) <- "integer"
kg <- rep(0:1, each = 4); kd <- cbind(1, kg); keep <- filterByExpr(DGEList(K), group = kg); yk <- calcNormFactors(DGEList(K)[keep, , keep.lib.sizes = FALSE]); v <- voom(yk, kd); qw <- voomWithQualityWeights(yk, kd); v0 <- voom(K, kd, normalize.method = "quantile")
put(cbind(as.data.frame(K), keep = keep), "counts"); put(data.frame(factor = yk$samples$norm.factors, quality = qw$targets$sample.weights), "count_samples")
full_rows <- function(m) { r <- matrix(NA_real_, 200, 8); r[keep, ] <- m; r }
put(data.frame(cpm = cpm(K, log = TRUE, prior.count = 2), E = full_rows(v$E), W = full_rows(v$weights), Q = full_rows(qw$weights), N = v0$E, NW = v0$weights), "voom")
## Multiplicity, tails, smooths
p <- c(.01, .02, .02, NA, .5, 1, 0, 1e-300, .04); put(data.frame(p, BH = p.adjust(p, "BH"), holm = p.adjust(p, "holm"), bonferroni = p.adjust(p, "bonferroni")), "adjusted")
tq <- expand.grid(t = c(0, .5, 2, 8, 30, 120), df = c(.5, 1, 4.3, 38, 400, 1e6, Inf)); put(cbind(tq, p = 2 * pt(-tq$t, tq$df), q = qt(1e-5, tq$df, lower.tail = FALSE), f = pf(tq$t, 3, tq$df, lower.tail = FALSE), logf = pf(tq$t * 100, 3, tq$df, lower.tail = FALSE, log.p = TRUE), fq = qf(1e-20, 3, tq$df, lower.tail = FALSE), fl = qf(1e-20, 3, tq$df)), "tails")
x <- c(round(rnorm(700, 8, 2), 2), 20, 20.5); z <- sin(x) + rnorm(702, 0, .3); u <- runif(702)^2
put(data.frame(x, z, u, lowess = lowess(x, z, f = .4, iter = 3)$y[rank(x, ties.method = "first")], weighted = weightedLowess(x, z, weights = u, span = .35, iterations = 1)$fitted), "smooths")
