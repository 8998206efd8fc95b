# Golden values where limma behaves specially: very few genes, genes alike, no trend to follow, hardly any pairs, a gene
# that does not determine the design. Run in this folder: Rscript make.R
# Made with R 4.2.2 and limma 3.54.1; random numbers are R's own, so that the files are the same every time.
suppressPackageStartupMessages(library(limma))
inputs <- NULL; answers <- NULL
digits <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", x))
input <- function(case, y) { y <- round(y, 4); inputs <<- rbind(inputs, data.frame(case, row = seq_len(nrow(y)), sample = rep(seq_len(ncol(y)), each = nrow(y)), value = digits(as.vector(y)))); y }
answer <- function(case, quantity, x) answers <<- rbind(answers, data.frame(case, quantity, position = seq_along(as.vector(x)), value = digits(as.vector(x))))
noise <- function(seed, genes, samples, df = Inf) { set.seed(seed); sd <- if (is.finite(df)) sqrt(df / rchisq(genes, df)) else rep(1, genes); 8 + matrix(rnorm(genes * samples), genes) * sd }
two <- function(n) cbind(1, seq_len(n) %% 2)
moderated <- function(case, y, ...) { e <- suppressWarnings(eBayes(lmFit(y, two(ncol(y))), ...)); answer(case, "t", e$t[, 2]); answer(case, "p", e$p.value[, 2]); answer(case, "df_prior", rep_len(e$df.prior, nrow(y))); answer(case, "scale", rep_len(e$s2.prior, nrow(y))); answer(case, "f_p", e$F.p.value) }

moderated("one_gene", input("one_gene", noise(1, 1, 6)))                                # nothing to shrink towards
moderated("two_genes_trend", input("two_genes_trend", noise(2, 2, 8)), trend = TRUE)    # two genes have no trend
# Genes of one mean have none either: their differences sum to zero exactly.
moderated("one_mean_trend", input("one_mean_trend", 8 + outer((7:18) / 16, c(1, 2, -1, -2, 2, -1, 3, -4))), trend = TRUE)
# A trend has as many degrees of freedom as there are genes for: one more from 3, from 6 and from 30 genes on.
for (genes in c(3, 6, 30)) { case <- paste0("trend_of_", genes); y <- noise(genes, genes, 8, 5) + seq(-3, 3, length.out = genes); moderated(case, input(case, y), trend = TRUE) }
moderated("few_robust", input("few_robust", noise(4, 9, 6, 3)), robust = TRUE)          # too few to Winsorise
moderated("ten_robust", input("ten_robust", noise(4, 10, 6, 3)), robust = TRUE)         # just enough
# The plain prior is infinite, and so is limma's robust one although Winsorised variances differ more.
for (seed in 1:2000) { y <- round(noise(seed, 40, 6), 4); v <- lmFit(y, two(6))$sigma^2; r <- squeezeVar(v, 4, robust = TRUE); z <- log(v); z <- z - mean(z, trim = .1); q <- quantile(z, c(.05, .9))
  if (is.infinite(squeezeVar(v, 4)$df.prior) && all(is.infinite(r$df.prior)) && abs(r$var.prior - mean(v)) < 1e-12) break }
moderated("infinite_robust", input("infinite_robust", y), robust = TRUE)
moderated("few_infinite", input("few_infinite", noise(6, 5, 6)))                        # F has the uncapped degrees of freedom

block <- c(1, 1, 2, 2, 3, 3, 4, 5)
y <- noise(7, 12, 8) + matrix(rnorm(12 * 5), 12)[, block]; y[1, 1] <- NA; y[2, c(1, 3)] <- NA; y[3, c(1, 3, 5)] <- NA; y[4, c(2, 4)] <- NA
y <- input("pairs", y); d <- suppressWarnings(duplicateCorrelation(y, two(8), block = block)); answer("pairs", "is_told", !is.na(d$atanh.correlations))

y <- noise(8, 20, 6); y[5, c(2, 4, 6)] <- NA; y[6, c(1, 3, 5)] <- NA; y[7, 1:2] <- NA
y <- input("partial", y); answer("partial", "weight", arrayWeights(y, two(6), method = "genebygene")); answer("partial", "weight_of_one", arrayWeights(y[1, , drop = FALSE], two(6)))
# sva sets genes that are constant in a batch aside before it asks whether a value is missing anywhere (sva 3.46.0).
y <- noise(9, 15, 12); y[, 7:12] <- y[, 7:12] + rnorm(15); y[1, 1:6] <- 3; y[1, 8] <- NA
y <- input("aside", y); answer("aside", "adjusted", suppressMessages(sva::ComBat(y, rep(1:2, each = 6))))
# Genes with two, one and no residual degrees of freedom: only the first tells of its samples.
y <- noise(9, 20, 6); y[1:6, 1:2] <- NA; y[7:14, 1:3] <- NA; y[15, 1:4] <- NA; y <- input("few_df", y); answer("few_df", "weight", arrayWeights(y, two(6), method = "genebygene"))
# Blocks as alike, and as unlike, as limma lets them be.
y <- noise(10, 5, 12, 3); b <- rep(1:4, each = 3); far <- y - t(apply(y, 1, function(v) ave(v, b))); near <- noise(11, 5, 4)[, b] + y / 1e4
for (case in c("near", "far")) { y <- input(case, if (case == "near") near else far); d <- suppressWarnings(duplicateCorrelation(y, two(12), block = b)); answer(case, "atanh", d$atanh.correlations) }
write.table(inputs, "inputs.tsv", sep = "\t", quote = FALSE, row.names = FALSE); write.table(answers, "answers.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
# Axes of total points: of one variable, and of marks of the log-odds that lie below 0 points (rms 6.5.0).
suppressPackageStartupMessages(library(rms)); set.seed(10); patients <- NULL; axes <- NULL; totals <- list()
for (p in c(1, 1, 2, 2)) { repeat { d <- data.frame(A = round(rnorm(40, 8), 2), B = round(rnorm(40, 6), 2)); d$y <- rbinom(40, 1, plogis(d$A - 8 - d$B / 9)); dd <- datadist(d); options(datadist = "dd")
    m <- nomogram(lrm(if (p == 1) y ~ A else y ~ A + B, d), maxscale = 100); if (m$lp$x[1] < 0) break }
  case <- paste0(p, "_", length(totals)); totals[[case]] <- m; patients <- rbind(patients, cbind(case, d)); axes <- rbind(axes, data.frame(case, total = as.numeric(m$total.points$x))) }
write.table(patients, "nomogram_input.tsv", sep = "\t", quote = FALSE, row.names = FALSE); write.table(axes, "nomogram_totals.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
