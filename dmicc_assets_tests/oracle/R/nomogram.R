# rms: logistic models of two and of five genes and one with a spline, their nomograms, validation and calibration on the
# written resamples, and the decision curve. After limma.R.
source("common.R"); suppressPackageStartupMessages(library(rms))
fit_of <- function(d, f) { dd <<- datadist(d); options(datadist = "dd"); lrm(f, data = d, x = TRUE, y = TRUE, tol = 1e-14, eps = 1e-12) }
run <- function(name, d, B = 200) {
  vars <- names(d)[-1]; f <- fit_of(d, reformulate(vars, "y")); G <- function(file) answer("nomogram", paste0(name, "__", file)); write_table(d, G("input.tsv"))
  co <- data.frame(term = names(coef(f)), coef = coef(f), se = sqrt(diag(vcov(f)))); co$z <- co$coef / co$se; co$p <- 2 * pnorm(-abs(co$z)); co$or <- exp(co$coef); co$or_lo <- exp(co$coef - qnorm(.975) * co$se); co$or_hi <- exp(co$coef + qnorm(.975) * co$se); write_table(co, G("coef.tsv"))
  n <- nomogram(f, fun = plogis, fun.at = c(.01, .05, seq(.1, .9, by = .1), .95, .99), funlabel = "Risk", lp = TRUE, maxscale = 100); at <- attributes(n)$info
  write_table(do.call(rbind, lapply(vars, function(v) data.frame(variable = v, value = as.numeric(n[[v]][[1]]), Xbeta = n[[v]]$Xbeta, points = n[[v]]$points))), G("points.tsv"))
  axes <- list(total = data.frame(value = as.numeric(n$total.points$x), total_points = as.numeric(n$total.points$x)), lp = data.frame(value = n$lp$x.real, total_points = n$lp$x), risk = data.frame(value = n$Risk$fat, total_points = n$Risk$x)); write_table(do.call(rbind, lapply(names(axes), function(k) cbind(axis = k, axes[[k]]))), G("axes.tsv"))
  lp <- predict(f); y <- as.integer(d$y) - 1L; write_table(data.frame(y = y, lp = lp, p = plogis(lp)), G("predictions.tsv"))
  set.seed(1); v <- validate(f, B = B); set.seed(1); cal <- calibrate(f, B = B); set.seed(1); idx <- replicate(B, sample(nrow(d), replace = TRUE)); write_table(as.data.frame(t(idx)) |> setNames(paste0("i", 1:nrow(d))), G("boot_indices.tsv.gz"))
  vv <- as.data.frame(unclass(v)[, 1:6]); write_table(cbind(index = rownames(vv), vv), G("validate.tsv")); write_table(as.data.frame(unclass(cal)[, 1:8]), G("calibrate.tsv"))
  X <- as.matrix(d[vars]); C <- apply(idx, 2, function(i) { b <- coef(lrm.fit(X[i, ], y[i], tol = 1e-13)); c(somers2(b[1] + X[i, ] %*% b[-1], y[i])["Dxy"], somers2(b[1] + X %*% b[-1], y)["Dxy"]) })   # by hand: the indices are those that rms drew
  t <- seq(.01, .99, .01); write_table(data.frame(pt = t, model = sapply(t, function(k) mean(plogis(lp) >= k & y == 1) - mean(plogis(lp) >= k & y == 0) * k / (1 - k)), all = mean(y) - (1 - mean(y)) * t / (1 - t)), G("decision_curve.tsv"))
  an <- anova(f); write_table(data.frame(term = rownames(an), unclass(an)), G("anova.tsv"))
  st <- as.list(f$stats); exact <- somers2(lp, y); st$C <- exact[["C"]]; st$Dxy <- exact[["Dxy"]]   # lrm counts pairs of probabilities in bins of 0.002
  write_json(list(stats = st, info = list(points_per_lp = at$sc, lp_intercept_at_zero_points = unname(at$Intercept)), c_index = st$C, c_corrected = (v["Dxy", "index.corrected"] + 1) / 2, brier_corrected = v["B", "index.corrected"], slope_corrected = v["Slope", "index.corrected"], intercept_corrected = v["Intercept", "index.corrected"],
    emax = v["Emax", "index.corrected"], byhand_optimism_Dxy = mean(C[1, ] - C[2, ]), rms_optimism_Dxy = v["Dxy", "optimism"], n_failed = B - v["Dxy", "n"]), G("model.json"))
}
X <- expression_of("arrays"); s <- read_table(case_file("arrays", "samples.tsv")); y <- factor(s$group, c("control", "case")); o <- rownames(X)[order(limma::eBayes(limma::lmFit(X, model.matrix(~y)))$p.value[, 2])]
genes <- function(at, k = seq_along(y)) setNames(as.data.frame(t(X[o[at], k, drop = FALSE])), paste0("G", at))
run("arrays5", data.frame(y, genes(c(9, 12, 20, 33, 60)))); run("arrays2", data.frame(y, genes(c(10, 25))))
k <- complete.cases(s[, c("sex", "age")]); d <- data.frame(y = y[k], g1 = genes(15, k)[[1]], age = s$age[k], sex = factor(s$sex[k])); write_table(d, answer("nomogram", "mixed__input.tsv")); f <- fit_of(d, y ~ g1 + rcs(age, 4) + sex)
write_table(data.frame(term = names(coef(f)), coef = coef(f), se = sqrt(diag(vcov(f)))), answer("nomogram", "mixed__coef.tsv")); write_json(list(rcs_knots = f$Design$parms$age), answer("nomogram", "mixed__model.json"))
set.seed(3); yy <- rep(0:1, each = 15); xx <- yy * 5 + rnorm(30); r <- lrm(yy ~ xx); write_json(list(fail = r$fail, coef = as.list(coef(r))), answer("nomogram", "separation_lrm.json"))   # complete separation
