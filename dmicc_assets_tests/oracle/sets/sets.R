# R's answers for overlaps, over-representation and forests. Rscript sets.R, in this folder; versions.txt says what made them.
suppressPackageStartupMessages(library(randomForest))
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
f17 <- function(x) if (is.double(x)) ifelse(is.na(x), "NA", sprintf("%.17g", x)) else x
wtsv <- function(d, file) {
  d <- as.data.frame(lapply(as.list(d), f17), optional = TRUE, stringsAsFactors = FALSE)
  con <- if (grepl("gz$", file)) gzfile(file, "w", compression = 9) else file(file, "w")
  write.table(d, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}

## hypergeometric upper tails, the extreme ones included
g <- expand.grid(k = c(0, 1, 5, 50, 200), marked = c(10, 200, 500), universe = c(1000, 20000), drawn = c(10, 300))
g <- g[g$k <= pmin(g$marked, g$drawn), ]
g$p_value <- with(g, phyper(k - 1, marked, universe - marked, drawn, lower.tail = FALSE))
wtsv(g, "phyper.tsv")

## three sets and more: the size of the first intersection, summed over the tail of the next one
tail_of <- function(n, sizes, k) {
  p <- as.numeric(0:sizes[1] == sizes[1])
  for (s in sizes[-c(1, length(sizes))]) p <- sapply(0:sizes[1], function(x) sum(p * dhyper(x, 0:sizes[1], n - 0:sizes[1], s)))
  s <- sizes[length(sizes)]
  sum(p * phyper(k - 1, 0:sizes[1], n - 0:sizes[1], s, lower.tail = FALSE))
}
cases <- list(list(1000, c(50, 80, 120), 3), list(12651, c(252, 438, 700), 4), list(20000, c(635, 80, 300), 0), list(500, c(100, 200, 150, 90), 9),
              list(20000, c(300, 500, 800, 1200, 2000), 6), list(60, c(50, 55, 58), 45), list(20000, c(400, 400, 400), 25))
wtsv(data.frame(universe = sapply(cases, `[[`, 1), sizes = sapply(cases, function(v) paste(v[[2]], collapse = " ")), k = sapply(cases, `[[`, 3),
                p_value = sapply(cases, function(v) tail_of(v[[1]], v[[2]], v[[3]]))), "multi_set.tsv")

## concordance: the two-sided binomial test
b <- data.frame(n = c(5, 32, 32, 10, 1, 100), x = c(4, 21, 32, 0, 1, 50), p = c(0.5, 0.4871, 0.52, 0.31, 0.9, 0.5)); b$p_value <- mapply(function(x, n, p) binom.test(x, n, p)$p.value, b$x, b$n, b$p)
wtsv(b, "binomial.tsv")

## over-representation in a made-up library: term 3 and 4 are enriched, 58 is too small, 59 too large, 60 has nothing measured
set.seed(7); universe <- sprintf("GENE%03d", 1:600); measured <- sort(sample(universe, 450)); query <- sort(sample(measured, 60))
sets <- lapply(1:60, function(i) sample(universe[1:520], sample(8:80, 1)))
sets[[3]] <- unique(c(sets[[3]], sample(query, 15))); sets[[4]] <- unique(c(query[1:12], sample(universe, 5))); sets[[58]] <- sample(universe, 3)
sets[[59]] <- universe[1:400]; sets[[60]] <- setdiff(universe, measured)[1:20]; names(sets) <- sprintf("T%02d", 1:60)
writeLines(sapply(names(sets), function(t) paste(c(t, paste("set", t), sets[[t]]), collapse = "\t")), "library.gmt")
wtsv(data.frame(gene = measured, is_query = measured %in% query), "measured.tsv")
bg <- intersect(measured, unlist(sets)); s <- lapply(sets, intersect, bg); n <- lengths(s); s <- s[n >= 10 & n <= 150]; q <- intersect(query, bg)
N <- length(bg); K <- length(q); k <- sapply(s, function(v) sum(v %in% q)); s <- s[k > 0]; k <- k[k > 0]; M <- lengths(s)
p <- phyper(k - 1, M, N - M, K, lower.tail = FALSE)
wtsv(data.frame(term = names(s), n_overlap = k, set_size = M, n_query = K, n_background = N, odds_ratio = k * (N - M - K + k) / ((K - k) * (M - k)), p_value = p,
                adj_p_value = p.adjust(p, "BH"), genes = sapply(s, function(v) paste(sort(intersect(v, q), method = "radix"), collapse = " "))), "ora.tsv")

## forests: balanced and 5 against 60, graded effects, two genes correlated
forest <- function(name, n_case, n_control, seed) {
  set.seed(seed); n <- n_case + n_control; y <- rep(c(TRUE, FALSE), c(n_case, n_control))
  x <- sapply(seq(1.6, 0, length.out = 12), function(d) round(rnorm(n, 8 + d * y), 6)); x[, 12] <- round(x[, 1] + rnorm(n, sd = 0.8), 6); colnames(x) <- sprintf("GENE%02d", 1:12)
  wtsv(data.frame(is_case = y, x), paste0("forest_", name, "_input.tsv"))
  rf <- lapply(1:50, function(s) { set.seed(s); importance(randomForest(x, factor(y), ntree = 500, importance = TRUE), scale = FALSE) })
  wtsv(data.frame(seed = rep(1:50, each = 12), gene = rep(colnames(x), 50), gini = unlist(lapply(rf, function(r) r[, "MeanDecreaseGini"])),
                  accuracy = unlist(lapply(rf, function(r) r[, "MeanDecreaseAccuracy"]))), paste0("forest_", name, "_importance.tsv.gz"))
  set.seed(99); folds <- min(10, n_case, n_control); fold <- integer(n); for (l in c(TRUE, FALSE)) fold[y == l] <- sample(rep(1:folds, length.out = sum(y == l)))
  nt <- c(1, 5, 25, 101, 301)
  cv <- do.call(rbind, lapply(1:30, function(sd) { set.seed(sd); votes <- matrix(NA, n, length(nt))
    for (f in 1:folds) { r <- randomForest(x[fold != f, ], factor(y[fold != f]), ntree = 301); v <- predict(r, x[fold == f, ], predict.all = TRUE)$individual
      for (j in seq_along(nt)) votes[fold == f, j] <- rowMeans(v[, 1:nt[j], drop = FALSE] == "TRUE") }
    data.frame(seed = sd, n_trees = nt, cv_error = colMeans((votes > 0.5) != y)) }))
  wtsv(cv, paste0("forest_", name, "_cv_error.tsv"))
}
forest("balanced", 30, 30, 1); forest("unbalanced", 60, 5, 2)
writeLines(c(R.version.string, paste("randomForest", packageVersion("randomForest")), format(Sys.Date())), "versions.txt")
