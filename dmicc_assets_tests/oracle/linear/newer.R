# Golden values of limma's newer estimator of the prior, which differs from make.R's where genes have different numbers of
# values; every fourth gene is kept and those with missing values, the priors are of all. Run in this folder, after make.R:
# Rscript newer.R. Made with R 4.2.2 and limma 3.62.2 (Debian 13's source).
suppressPackageStartupMessages(library(limma)); stopifnot(packageVersion("limma") >= "3.61.8")
digits <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", sprintf("%.13g", x)) else x
put <- function(d, file) { con <- gzfile(paste0(file, ".tsv.gz"), "w"); write.table(as.data.frame(lapply(d, digits), optional = TRUE), con, sep = "\t", quote = FALSE, row.names = FALSE); close(con) }
matrix_of <- function(file) as.matrix(read.delim(paste0(file, ".tsv.gz"), row.names = if (file == "weights") NULL else 1))
s <- read.delim("samples.tsv.gz"); M <- matrix_of("missing"); W <- matrix_of("weights")
design <- cbind(Intercept = 1, case = as.numeric(s$group == "case")); full <- cbind(design, b = s$batch == "b", c = s$batch == "c", age = s$age)
few <- lmFit(M, design); many <- lmFit(M, full); weighted <- lmFit(M, full, weights = W)
options <- list(default = list(), trend = list(trend = TRUE), robust = list(robust = TRUE), both = list(trend = TRUE, robust = TRUE))
fits <- list(missing = few, missing_full = many, weights = weighted)
rows <- list(); kept <- sort(unique(c(seq(1, nrow(M), 4), which(rowSums(is.na(M)) > 0))))
for (f in names(fits)) for (o in names(options)) { e <- do.call(eBayes, c(list(fits[[f]]), options[[o]])); tr <- do.call(treat, c(list(fits[[f]], lfc = .3), options[[o]])); n <- nrow(M)
  rows[[length(rows) + 1]] <- data.frame(fit = f, moderation = o, gene = rownames(M), t = e$t[, "case"], p = e$p.value[, "case"], b = e$lods[, "case"], df_total = e$df.total, variance = e$s2.post,
    df_prior = rep_len(e$df.prior, n), s2_prior = rep_len(e$s2.prior, n), treat_t = tr$t[, "case"], treat_p = tr$p.value[, "case"])[kept, ] }
put(do.call(rbind, rows), "newer")
## Priors alone: genes without degrees of freedom or variance, outliers, weights far apart. Every tenth gene's answers are kept.
set.seed(9); squeezed <- NULL
for (case in 1:2) { n <- 620; df <- sample(list(c(0, 1, 1, 1, 150), c(0, 1, 3, 5, 8))[[case]], n, TRUE, prob = c(.15, .25, .2, .2, .2)); mean <- round(runif(n, 2, 14), 3); d0 <- c(5, 40)[case]
  v <- exp(-.1 * mean) * rchisq(n, pmax(df, 1)) / pmax(df, 1) * d0 / rchisq(n, d0); far <- sample(n, 12); v[far] <- v[far] * c(30, 1e4)[case]; v[7:9] <- 0; v <- signif(v, 5); v[df == 0] <- NA
  d <- data.frame(case, variance = v, df, mean)
  for (o in names(options)) { r <- squeezeVar(v, df, covariate = if (o %in% c("trend", "both")) mean, robust = o %in% c("robust", "both")); d[[paste0("s_", o)]] <- rep_len(r$var.prior, n); d[[paste0("d_", o)]] <- rep_len(r$df.prior, n) }
  d[-seq(1, n, 10), -(1:4)] <- NA; squeezed <- rbind(squeezed, d) }
put(squeezed, "squeezed")
