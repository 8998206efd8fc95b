# randomForest: importance over 50 seeds, errors out of bag, in given folds, and of ever fewer genes. After limma.R.
source("common.R"); suppressPackageStartupMessages(library(randomForest))
chosen <- function(case) if (case == "arrays") { top <- topTable_of("arrays"); c(top[c(7, 9, 12, 16, 20, 25, 30, 40, 50, 60)], top[seq(100, 400, length.out = 10)]) } else sprintf("GENE%04d", c(72, 54, 68, 7, 192, 15, 11, 16, 93, 24, 301:310))
topTable_of <- function(case) { f <- limma::eBayes(limma::lmFit(expression_of(case), model.matrix(~factor(read_table(case_file(case, "samples.tsv"))$group, c("control", "case"))))); rownames(f)[order(f$p.value[, 2])] }
for (case in c("arrays", "synthetic")) {
  s <- read_table(case_file(case, "samples.tsv")); ids <- chosen(case); x <- as.data.frame(t(expression_of(case)[ids, ]), check.names = FALSE); y <- factor(s$group, unique(c("control", s$group)))
  write_table(data.frame(sample = s$sample, y = y, x, check.names = FALSE), answer("forest", paste0(case, "__input.tsv.gz")), 10); R <- E <- V <- list()
  for (sd in 1:50) { set.seed(sd); rf <- randomForest(x, y, ntree = 500, importance = TRUE); i <- importance(rf, scale = FALSE)
    R[[sd]] <- data.frame(seed = sd, id = rownames(i), gini = i[, "MeanDecreaseGini"], accuracy = i[, "MeanDecreaseAccuracy"]); at <- c(1, 5, seq(10, 500, 10))
    E[[sd]] <- data.frame(seed = sd, ntree = at, rf$err.rate[at, ], check.names = FALSE); V[[sd]] <- data.frame(seed = sd, argmin_ntree = which.min(rf$err.rate[, 1]), min_oob = min(rf$err.rate[, 1]), oob500 = rf$err.rate[500, 1]) }
  if (case == "synthetic") write_table(do.call(rbind, R), answer("forest", paste0(case, "__importance.tsv.gz")), 8)
  write_table(do.call(rbind, E[1:10]), answer("forest", paste0(case, "__oob_curve.tsv.gz")), 10); write_table(do.call(rbind, V), answer("forest", paste0(case, "__argmin_ntree.tsv")), 10)
  set.seed(99); fold <- integer(length(y)); for (l in levels(y)) { i <- which(y == l); fold[i] <- sample(rep(1:10, length.out = length(i))) }
  write_table(data.frame(sample = s$sample, fold = fold), answer("forest", paste0(case, "__folds.tsv"))); nt <- c(50, 100, 200, 300, 500); one <- levels(y)[2]
  area <- function(p) { r <- rank(p); n1 <- sum(y == one); (sum(r[y == one]) - n1 * (n1 + 1) / 2) / n1 / sum(y != one) }
  write_table(do.call(rbind, lapply(1:10, function(sd) { set.seed(sd); P <- matrix(NA, length(y), length(nt))
    for (k in 1:10) { tr <- fold != k; votes <- predict(randomForest(x[tr, ], y[tr], ntree = max(nt)), x[!tr, ], predict.all = TRUE)$individual; for (j in seq_along(nt)) P[!tr, j] <- rowMeans(votes[, 1:nt[j], drop = FALSE] == one) }
    data.frame(seed = sd, ntree = nt, error = colMeans((P > .5) != (y == one)), auc = apply(P, 2, area)) })), answer("forest", paste0(case, "__cv10_ntree.tsv")), 10)
  write_table(do.call(rbind, lapply(1:20, function(sd) { set.seed(sd); r <- rfcv(x, y, cv.fold = 10, step = .7); data.frame(seed = sd, n_var = r$n.var, error = r$error.cv) })), answer("forest", paste0(case, "__rfcv10.tsv")), 10)
}
