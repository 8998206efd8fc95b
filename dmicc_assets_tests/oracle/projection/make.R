# R's prcomp, hclust (average, Euclidean) and pROC's ci.se on small inputs. Rscript make.R OUT
library(pROC); out <- commandArgs(TRUE)[1]; set.seed(5)
x <- matrix(round(rnorm(12 * 7), 3), 12, 7); x[1:4, 1:3] <- x[1:4, 1:3] + 3
write.table(x, file.path(out, "input.tsv"), sep = "\t", row.names = FALSE, col.names = FALSE)
p <- prcomp(t(x)); num <- function(v) formatC(v, digits = 17, format = "g")
write.table(apply(p$x[, 1:2], 2, num), file.path(out, "pca_scores.tsv"), sep = "\t", row.names = FALSE, col.names = FALSE, quote = FALSE)
write.table(num((p$sdev^2 / sum(p$sdev^2))[1:2]), file.path(out, "pca_explained.tsv"), row.names = FALSE, col.names = FALSE, quote = FALSE)
write.table(num(hclust(dist(x), "average")$height), file.path(out, "average_heights.tsv"), row.names = FALSE, col.names = FALSE, quote = FALSE)
case <- c(rep(1, 30), rep(0, 20)); score <- round(c(rnorm(30, 1.1), rnorm(20)), 3)
write.table(cbind(case, score), file.path(out, "roc_input.tsv"), sep = "\t", row.names = FALSE, col.names = FALSE)
r <- roc(case, score, direction = "<", quiet = TRUE)
ci <- ci.se(r, specificities = seq(0.1, 0.9, 0.1), boot.n = 20000, progress = "none")
write.table(apply(cbind(as.numeric(rownames(ci)), ci[, 1], ci[, 3]), 2, num), file.path(out, "ci_se.tsv"), sep = "\t", row.names = FALSE, col.names = FALSE, quote = FALSE)
writeLines(paste(R.version.string, "pROC", packageVersion("pROC")), file.path(out, "versions.txt"))
