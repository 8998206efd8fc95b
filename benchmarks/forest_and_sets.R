# The stages of forest_and_sets.py as a study's R script would run them; CPU seconds of each, the better of two runs, to standard output.
suppressPackageStartupMessages(library(randomForest))
folder <- commandArgs(TRUE)[1]
seconds <- function(name, expr) { e <- substitute(expr); f <- parent.frame(); cat(name, min(replicate(2, sum(system.time(eval(e, f))[1:2]))), "\n", sep = "\t") }
for (name in readLines(file.path(folder, "forests.txt"))) {
  d <- read.delim(file.path(folder, paste0(name, ".tsv"))); y <- factor(d$is_case); x <- d[-1]
  seconds(paste0(name, " ranking"), for (s in 1:50) { set.seed(s); importance(randomForest(x, y, ntree = 500)) })
  seconds(paste0(name, " permutation"), for (s in 1:10) { set.seed(s); importance(randomForest(x, y, ntree = 500, importance = TRUE)) })
  seconds(paste0(name, " curve"), {
    folds <- min(10, table(y)); fold <- integer(length(y)); for (l in levels(y)) fold[y == l] <- sample(rep(1:folds, length.out = sum(y == l)))
    wrong <- 0
    for (k in 1:folds) { r <- randomForest(x[fold != k, ], y[fold != k], ntree = 500)
      v <- predict(r, x[fold == k, , drop = FALSE], predict.all = TRUE)$individual == levels(y)[2]
      wrong <- wrong + colSums(sweep(matrixStats::rowCumsums(v * 1L), 2, 1:500 / 2, ">") != (y[fold == k] == levels(y)[2])) } })
  seconds(paste0(name, " resample"), for (s in 1:50) { set.seed(s); importance(randomForest(x, y, ntree = 100)) })
}
lines <- strsplit(readLines(file.path(folder, "library.gmt")), "\t"); sets <- setNames(lapply(lines, `[`, -(1:2)), sapply(lines, `[`, 1))
measured <- read.delim(file.path(folder, "measured.tsv"), stringsAsFactors = FALSE); query <- measured$gene[measured$is_query == "true"]
seconds("over-representation", {
  bg <- intersect(measured$gene, unique(unlist(sets))); s <- lapply(sets, intersect, bg); n <- lengths(s); s <- s[n >= 10 & n <= 500]; q <- intersect(query, bg)
  k <- sapply(s, function(v) sum(v %in% q)); M <- lengths(s)
  p <- p.adjust(phyper(k - 1, M, length(bg) - M, length(q), lower.tail = FALSE)[k > 0], "BH") })
cat("versions", paste0(R.version$major, ".", R.version$minor, ", randomForest ", packageVersion("randomForest")), sep = "\t")
