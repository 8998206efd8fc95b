# The stages of model.py as a study's R script would run them; CPU seconds of each (the better of two) to standard output.
suppressPackageStartupMessages({library(pROC); library(rms)})
folder <- commandArgs(TRUE)[1]
seconds <- function(name, f) { t <- sapply(1:2, function(i) sum(system.time(suppressWarnings(suppressMessages(f())))[1:2])); cat(name, min(t), "\n", sep = "\t") }
for (name in readLines(file.path(folder, "models.txt"))) {
  d <- read.delim(file.path(folder, paste0(name, ".tsv"))); dd <- datadist(d); options(datadist = "dd")
  seconds(paste0(name, " fit"), function() for (i in 1:20) lrm(y ~ ., d, x = TRUE, y = TRUE))
  f <- lrm(y ~ ., d, x = TRUE, y = TRUE)
  seconds(paste0(name, " nomogram"), function() for (i in 1:20) nomogram(f, fun = plogis, lp = TRUE))
  seconds(paste0(name, " bootstrap"), function() { set.seed(1); sink(nullfile()); validate(f, B = 1000); calibrate(f, B = 1000); sink() })
}
d <- read.delim(file.path(folder, "genes.tsv")); y <- d$y; g <- as.matrix(d[-1])
seconds("roc", function() for (j in 1:200) { r <- roc(y, g[, j], direction = "<", levels = 0:1, quiet = TRUE); ci.auc(r, method = "delong"); coords(r, "best", transpose = FALSE) })
r <- roc(y, g[, 1], direction = "<", quiet = TRUE)
seconds("roc bootstrap", function() ci.auc(r, method = "bootstrap", boot.n = 2000, progress = "none"))
seconds("roc test", function() for (j in 2:101) roc.test(r, roc(y, g[, j], direction = "<", levels = 0:1, quiet = TRUE), method = "delong"))
for (size in c("wide", "exact")) { m <- as.matrix(read.delim(file.path(folder, paste0(size, ".tsv")))); z <- m[, 1]; m <- m[, -1]
  seconds(paste("wilcoxon", size), function() for (j in seq_len(ncol(m))) wilcox.test(m[z == 1, j], m[z == 0, j])$p.value)
  seconds(paste("welch", size), function() for (j in seq_len(ncol(m))) t.test(m[z == 1, j], m[z == 0, j])$p.value) }
cat("versions", paste0("R ", R.version$major, ".", R.version$minor, ", rms ", packageVersion("rms"), ", pROC ", packageVersion("pROC")), sep = "\t")
