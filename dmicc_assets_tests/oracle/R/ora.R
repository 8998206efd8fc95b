# Over-representation of 1,500 made-up terms by their counts alone, those without a hit among them, and p.adjust. R alone.
source("common.R"); set.seed(51); N <- 6000; K <- 240; n <- 1500
M <- sample(10:500, n, TRUE); k <- rbinom(n, M, K / N * ifelse(runif(n) < .06, 5, .8)); k <- pmin(k, M, K); k[1:3] <- c(10, 60, 0); M[1:3] <- c(10, 90, 500)
d <- data.frame(term = sprintf("T%04d", 1:n), k = k, M = M, n_query = K, N = N, p = phyper(k - 1, M, N - M, K, lower.tail = FALSE))
d$p_adj_all <- p.adjust(d$p, "BH"); hit <- k > 0; d$p_adj_hits <- NA_real_; d$p_adj_hits[hit] <- p.adjust(d$p[hit], "BH"); d$odds_ratio <- k * (N - M - K + k) / ((K - k) * (M - k)); d$fold <- (k / K) / (M / N)
write_table(d, answer("ora", "terms.tsv.gz"), 13)
write_json(list(n_terms = n, n_terms_hit = sum(hit), n_padj_all_05 = sum(d$p_adj_all < .05), n_padj_hits_05 = sum(d$p_adj_hits < .05, na.rm = TRUE), top5 = d$term[order(d$p, d$term, method = "radix")][1:5]), answer("ora", "summary.json"))
p <- c(.01, .02, NA, .02, .5, 1, 0, 1e-300); write_table(data.frame(p, BH = p.adjust(p, "BH"), holm = p.adjust(p, "holm"), bonferroni = p.adjust(p, "bonferroni")), answer("ora", "p_adjust_na.tsv"))
