# Net benefit of the models `two` and `three` and of treating everybody (Vickers 2006), by its definition, at their log-odds.
# Rscript decision.R, in this folder, after model.R. Made with R 4.2.2.
out <- list(); t <- seq(.01, .99, .01)
for (nm in c("two", "three")) { d <- read.delim(paste0(nm, "_input.tsv")); b <- read.delim(paste0(nm, "_coefficients.tsv"))$coefficient
  p <- plogis(drop(cbind(1, as.matrix(d[-1])) %*% b)); n <- nrow(d)
  model <- sapply(t, function(k) (sum(p >= k & d$y == 1) - sum(p >= k & d$y == 0) * k / (1 - k)) / n)
  out[[nm]] <- data.frame(name = nm, threshold = t, model = model, all = mean(d$y) - (1 - mean(d$y)) * t / (1 - t)) }
out <- do.call(rbind, out); for (k in c("model", "all")) out[[k]] <- sprintf("%.17g", out[[k]])
write.table(out, "decision.tsv", sep = "\t", quote = FALSE, row.names = FALSE)
