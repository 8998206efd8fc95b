# limma's quantile normalisation, preprocessCore's, and probes to genes: avereps, the medians and the chosen probes.
source("common.R"); suppressPackageStartupMessages({library(limma); library(preprocessCore)})
set.seed(7)
T1 <- matrix(c(5, 2, 3, 4, 4, 1, 4, 2, 3, 4, 6, 8), 4, dimnames = list(paste0("g", 1:4), c("a", "b", "c")))
T2 <- round(matrix(rnorm(60 * 5, 8, 2), 60, dimnames = list(sprintf("g%02d", 1:60), letters[1:5])), 1)  # many ties
T3 <- T2; T3[matrix(runif(300) < .12, 60)] <- NA                                                         # missing values too
T4 <- T3; T4[, 3] <- NA; T4[1:2, 3] <- c(7, 9)                                                           # an almost empty sample
X <- expression_of("arrays")[1:100, 1:20]
S <- expression_of("synthetic")[c(1:20, 1901:1980), c(1:10, 101:104, 150:155)]
for (nm in c("T1", "T2", "T3", "T4", "X", "S")) { m <- get(nm); pc <- normalize.quantiles(m, copy = TRUE); dimnames(pc) <- dimnames(m)
  write_matrix(m, answer("normalise", paste0("quantile_", nm, "_input.tsv.gz"))); write_matrix(normalizeBetweenArrays(m, method = "quantile"), answer("normalise", paste0("quantile_", nm, "_limma.tsv.gz"))); write_matrix(pc, answer("normalise", paste0("quantile_", nm, "_preprocessCore.tsv.gz"))) }
## probes to genes: those of several symbols dropped, or counted by their first one; every third gene is kept
X <- expression_of("arrays"); m <- read_table(case_file("arrays", "probe_map.tsv.gz"), na.strings = "NA")
policies <- list(drop = ifelse(grepl("///", m$symbol, fixed = TRUE), NA, m$symbol), first = sub(" ///.*", "", m$symbol))
for (p in names(policies)) { id <- policies[[p]]; ok <- !is.na(id); Y <- X[ok, ]; id <- id[ok]
  o <- order(rowMeans(Y), decreasing = TRUE); o <- o[!duplicated(id[o])]; g <- sort(unique(id), method = "radix")
  write_table(data.frame(symbol = g, probe_max_mean = rownames(Y)[o][match(g, id[o])]), answer("collapse", paste0("arrays__", p, "__chosen_probe.tsv.gz")))
  if (p == "drop") for (nm in c("avereps", "median_per_sample", "max_mean")) {
    M <- switch(nm, avereps = avereps(Y, ID = id), median_per_sample = t(sapply(split(seq_along(id), id), function(i) apply(Y[i, , drop = FALSE], 2, median))), max_mean = { Z <- Y[o, ]; rownames(Z) <- id[o]; Z })
    M <- M[order(rownames(M), method = "radix"), ]; write_matrix(M[seq(1, nrow(M), 3), ], answer("collapse", paste0("arrays__drop__", nm, ".tsv.gz")), "symbol") } }
## ties and missing values
Y <- rbind(p1 = c(1, 2, NA), p2 = c(3, 4, 5), p3 = c(3, 4, 5), p4 = c(NA, NA, NA), p5 = c(9, NA, 1)); colnames(Y) <- c("a", "b", "c"); id <- c("A", "A", "A", "B", "B")
o <- order(rowMeans(Y, na.rm = TRUE), decreasing = TRUE)
write_json(list(avereps = { z <- avereps(Y, ID = id); split(z, rownames(z)) }, max_mean_probe = as.list(setNames(rownames(Y)[o][!duplicated(id[o])], id[o][!duplicated(id[o])]))), answer("collapse", "tiny_na_ties.json"))
