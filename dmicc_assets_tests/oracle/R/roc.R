# pROC: areas, DeLong's and the bootstrap's intervals, cut-offs, points, DeLong's test of two curves. After forest.R.
source("common.R"); suppressPackageStartupMessages(library(pROC)); O <- CO <- PR <- list(); quietly <- function(e) suppressMessages(suppressWarnings(e))
one <- function(case, id, y, x, lev, points) for (dir in c("auto", "<", ">")) {
  r <- quietly(roc(y, x, levels = lev, direction = dir, quiet = TRUE)); ci <- quietly(as.numeric(ci.auc(r, method = "delong")))
  bs <- if (dir == "auto") { set.seed(1); quietly(as.numeric(ci.auc(r, method = "bootstrap", boot.n = 2000, progress = "none"))) } else rep(NA, 3)
  co <- coords(r, "best", best.method = "youden", ret = c("threshold", "sensitivity", "specificity", "youden", "accuracy", "ppv", "npv", "tp", "fp", "tn", "fn"), transpose = FALSE); tl <- coords(r, "best", best.method = "closest.topleft", ret = "threshold", transpose = FALSE)
  O[[length(O) + 1]] <<- data.frame(case, id, direction_arg = dir, direction = r$direction, n_control = length(r$controls), n_case = length(r$cases), auc = as.numeric(auc(r)), delong_lo = ci[1], delong_hi = ci[3], delong_var = quietly(var(r, method = "delong")), boot_lo = bs[1], boot_hi = bs[3], n_best = nrow(co), co[1, ], topleft_threshold = tl$threshold[1], check.names = FALSE)
  if (dir == "auto" && points) CO[[length(CO) + 1]] <<- data.frame(case, id, coords(r, "all", ret = c("threshold", "specificity", "sensitivity"), transpose = FALSE)) }
for (case in c("arrays", "synthetic")) { d <- read.delim(answer("forest", paste0(case, "__input.tsv.gz")), check.names = FALSE); lev <- c("control", setdiff(unique(d$y), "control")); g <- names(d)[-(1:2)]
  for (k in g) one(case, k, d$y, d[[k]], lev, k %in% g[c(1, 5)])
  for (k in setdiff(1:8, 5)) { r1 <- roc(d$y, d[[g[5]]], levels = lev, quiet = TRUE); r2 <- roc(d$y, d[[g[k]]], levels = lev, quiet = TRUE); t <- quietly(roc.test(r1, r2, method = "delong")); ci <- if (is.null(t$conf.int)) c(NA, NA) else t$conf.int
    PR[[length(PR) + 1]] <- data.frame(case, id1 = g[5], id2 = g[k], auc1 = as.numeric(r1$auc), auc2 = as.numeric(r2$auc), z = unname(t$statistic), p = t$p.value, cov = cov(r1, r2, method = "delong"), ci_lo = ci[1], ci_hi = ci[2]) } }
set.seed(5); y <- rep(0:1, c(40, 25)); d <- data.frame(y = y, rounded = round(rnorm(65, y), 0), with_na = { z <- round(rnorm(65, y), 1); z[c(3, 50)] <- NA; z }, perfect = y * 10 + 1:65 / 100, constant = 1)
for (k in names(d)[-1]) one("ties", k, d$y, d[[k]], 0:1, TRUE); write_table(d, answer("roc", "ties_input.tsv"))
write_table(do.call(rbind, O), answer("roc", "auc_ci_youden.tsv.gz")); write_table(do.call(rbind, CO), answer("roc", "roc_points.tsv.gz")); write_table(do.call(rbind, PR), answer("roc", "roc_test_delong.tsv"))
