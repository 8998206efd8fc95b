# Signed-rank tests of paired differences: exact, with ties, with zeros, many pairs. Base R alone.
# Usage: Rscript make.R   (in this folder)
set.seed(11); rows <- list()
add <- function(case, d) { w <- suppressWarnings(wilcox.test(d, rep(0, length(d)), paired = TRUE)); rows[[length(rows) + 1]] <<- data.frame(case = case, difference = paste(sprintf("%.15g", d), collapse = " "), statistic = unname(w$statistic), p_value = w$p.value) }
for (n in c(1, 2, 5, 9, 19, 49, 60)) add(paste0("n", n), rnorm(n, 0.3))
add("ties", c(1, 1, -1, 2, 2, 3, -0.5)); add("zeros", c(0, 0.4, -1.1, 2.2, 0.7, 0)); add("one_way", 1:19 + 0.25)
d <- do.call(rbind, rows); d$statistic <- sprintf("%.15g", d$statistic); d$p_value <- sprintf("%.15g", d$p_value)
write.table(d, "signed_rank.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
