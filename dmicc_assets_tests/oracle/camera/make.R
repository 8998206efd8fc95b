# Golden values of camera. Run in this folder: Rscript make.R. Versions are printed to versions.txt.
suppressPackageStartupMessages(library(limma))
set.seed(20240917)
digits <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", sprintf("%.15g", x)) else x
put <- function(d, file) {
  d <- as.data.frame(lapply(as.list(as.data.frame(d)), digits), optional = TRUE)
  con <- gzfile(paste0(file, ".tsv.gz"), "w"); write.table(d, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}
G <- 150; N <- 18
case <- rep(0:1, c(8, 10)); batch <- rep(0:1, length.out = N); age <- round(rnorm(N, 50, 9)); patient <- rep(1:9, length.out = N)
sd <- sqrt(0.1 * 4 / rchisq(G, 4)) * 1.1; mu <- runif(G, 4, 12); effect <- c(rnorm(30, .3, .5), rep(0, G - 30))
module <- rep(0:3, c(60, 30, 30, 30)); factor <- matrix(rnorm(4 * N), 4); person <- matrix(rnorm(G * 9), G)
noise <- matrix(rnorm(G * N), G); for (i in which(module > 0)) noise[i, ] <- sqrt(.6) * noise[i, ] + sqrt(.4) * factor[module[i] + 1, ]
# In this set the genes move against each other: its correlation is negative.
noise[31:40, ] <- noise[31:40, ] - rep(.95, 10) %o% colMeans(noise[31:40, ])
X <- round(mu + outer(effect, case) + outer(rnorm(G, 0, .4), batch) + sd * (noise + .7 * person[, patient]), 3)
dimnames(X) <- list(sprintf("G%03d", 1:G), sprintf("S%02d", 1:N))
sets <- list(moved = 1:15, moved_all = 1:30, against = 31:40, module_a = 61:90, module_b = 91:110, module_part = 121:126, one = 7, two = c(3, 99),
  spread = seq(2, G, 7), mixed = c(1:5, 61:70, 141:150), most = 1:(G - 1), down = order(effect)[1:8])
W <- matrix(round(runif(G * N, .3, 3), 3), G); w <- round(runif(N, .4, 2), 3)
put(cbind(gene = rownames(X), as.data.frame(X)), "values"); put(W, "weights")
put(data.frame(sample = colnames(X), case, batch, age, patient, weight = w), "samples")
put(data.frame(set = rep(names(sets), lengths(sets)), gene = rownames(X)[unlist(sets)]), "sets")
two <- cbind(1, case); full <- cbind(1, case, batch, age); few <- c(1:3, 9:11)
rows <- list()
add <- function(name, y, design, contrast, weights = NULL, trend = FALSE) {
  run <- function(cor) camera(y, sets, design, contrast = contrast, weights = weights, inter.gene.cor = cor, allow.neg.cor = FALSE, use.ranks = FALSE, trend.var = trend, sort = FALSE)
  a <- run(NA); b <- run(0.01); n <- camera(y, sets, design, contrast = contrast, weights = weights, inter.gene.cor = NA, allow.neg.cor = TRUE, trend.var = trend, sort = FALSE)
  rows[[length(rows) + 1]] <<- data.frame(case = name, set = names(sets), n = a$NGenes, correlation = a$Correlation, raw = n$Correlation, direction = a$Direction, p = a$PValue, preset = b$PValue, preset_direction = b$Direction)
}
add("two_groups", X, two, 2); add("trend", X, two, 2, trend = TRUE)
add("covariates", X, full, 2); add("covariates_trend", X, full, 2, trend = TRUE)
add("three_against_three", X[, few], two[few, ], 2); add("three_against_three_trend", X[, few], two[few, ], 2, trend = TRUE)
add("sample_weights", X, full, 2, weights = w); add("sample_weights_trend", X, full, 2, weights = w, trend = TRUE)
add("cell_weights", X, full, 2, weights = W); add("cell_weights_trend", X, two, 2, weights = W, trend = TRUE)
V <- outer(patient, patient, "==") * .45; diag(V) <- 1; whiten <- solve(t(chol(V)))
add("blocked", X %*% t(whiten), whiten %*% two, 2)
put(do.call(rbind, rows), "answers")
writeLines(c(R.version.string, paste("limma", packageVersion("limma"))), "versions.txt")
