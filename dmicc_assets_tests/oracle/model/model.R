# Golden values of ROC curves, two-sample tests, logistic and Firth's regression, nomogram, validation and calibration.
# Rscript model.R, in this folder. Doubles are written with 17 significant digits; versions in versions.txt.
suppressPackageStartupMessages({library(pROC); library(rms)})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
write_tsv <- function(d, file) {
  d <- as.data.frame(lapply(as.list(d), function(x) if (is.double(x)) ifelse(is.na(x), ifelse(is.nan(x), "NaN", "NA"), sprintf("%.17g", x)) else as.character(x)), optional = TRUE)
  con <- if (grepl("gz$", file)) gzfile(file, "w") else file(file, "w")
  write.table(d, con, sep = "\t", quote = FALSE, row.names = FALSE); close(con)
}
quietly <- function(e) suppressWarnings(suppressMessages(e))

## ROC curves
set.seed(11)
y <- rep(0:1, c(14, 11))
missing <- round(rnorm(25, y), 2); missing[c(3, 20)] <- NA
lone <- c(rep(0, 24), 1)
predictors <- list(continuous = list(y, rnorm(25, y)), rounded = list(y, round(rnorm(25, y))), lower = list(y, rnorm(25, -y)),
  missing = list(y, missing), perfect = list(y, 10 * y + 1:25 / 100), constant = list(y, rep(1, 25)), lone_case = list(lone, rnorm(25)),
  big = list(rep(0:1, c(120, 6)), round(rnorm(126, rep(0:1, c(120, 6))), 1)))
inputs <- do.call(rbind, lapply(names(predictors), function(k) data.frame(id = k, y = predictors[[k]][[1]], score = predictors[[k]][[2]])))
write_tsv(inputs, "roc_input.tsv")
curves <- list(); points <- list()
for (k in names(predictors)) for (dir in c("auto", "<", ">")) {
  r <- quietly(roc(predictors[[k]][[1]], predictors[[k]][[2]], levels = 0:1, direction = dir, quiet = TRUE))
  ci <- quietly(as.numeric(ci.auc(r, method = "delong"))); set.seed(1)
  bs <- quietly(as.numeric(ci.auc(r, method = "bootstrap", boot.n = 4000, progress = "none")))
  co <- quietly(coords(r, "best", best.method = "youden", transpose = FALSE)); tl <- quietly(coords(r, "best", best.method = "closest.topleft", transpose = FALSE))
  curves[[length(curves) + 1]] <- data.frame(id = k, asked = dir, direction = r$direction, n_control = length(r$controls), n_case = length(r$cases), auc = as.numeric(r$auc), delong_low = ci[1], delong_high = ci[3],
    boot_low = bs[1], boot_high = bs[3], n_youden = nrow(co), youden = co$threshold[1], sensitivity = co$sensitivity[1], specificity = co$specificity[1], n_topleft = nrow(tl), topleft = tl$threshold[1])
  points[[length(points) + 1]] <- data.frame(id = k, asked = dir, threshold = r$thresholds, sensitivity = r$sensitivities, specificity = r$specificities)
}
write_tsv(do.call(rbind, curves), "roc_curves.tsv"); write_tsv(do.call(rbind, points), "roc_points.tsv.gz")
pairs <- list()
for (p in list(c("continuous", "rounded"), c("continuous", "continuous"), c("rounded", "missing"), c("perfect", "constant"))) {
  a <- predictors[[p[1]]][[2]]; b <- predictors[[p[2]]][[2]]
  t <- quietly(roc.test(roc(y, a, direction = "<", quiet = TRUE), roc(y, b, direction = "<", quiet = TRUE), method = "delong", paired = TRUE))
  pairs[[length(pairs) + 1]] <- data.frame(first = p[1], second = p[2], auc_first = t$estimate[1], auc_second = t$estimate[2], z = unname(t$statistic), p = t$p.value, low = if (is.null(t$conf.int)) NA else t$conf.int[1], high = if (is.null(t$conf.int)) NA else t$conf.int[2])
}
write_tsv(do.call(rbind, pairs), "roc_tests.tsv")

## Wilcoxon and Welch
set.seed(12)
g <- rep(1:0, c(9, 13)); big <- rep(1:0, c(55, 60))
genes <- list(plain = rnorm(22), shifted = rnorm(22, 2 * g), ties = round(rnorm(22)), constant = rep(3, 22), holes = replace(rnorm(22, g), c(1, 5, 12), NA),
  one_case = replace(rnorm(22), 2:9, NA), no_case = replace(rnorm(22), 1:9, NA), constant_groups = 5 + g, separated = 10 * g + 1:22 / 100)
tests <- function(id, x, g) { a <- x[g == 1]; b <- x[g == 0]; a <- a[!is.na(a)]; b <- b[!is.na(b)]; try0 <- function(e) tryCatch(quietly(e), error = function(e) NULL); v <- function(o, f) if (is.null(o)) NA_real_ else unname(as.numeric(o[[f]]))
  w <- try0(wilcox.test(a, b)); n <- try0(wilcox.test(a, b, exact = FALSE)); t <- try0(t.test(a, b)); data.frame(id = id, w = v(w, "statistic"), p = v(w, "p.value"), p_normal = v(n, "p.value"), t = v(t, "statistic"), df = v(t, "parameter"), p_welch = v(t, "p.value")) }
large <- rnorm(115, big / 3)
write_tsv(rbind(do.call(rbind, lapply(names(genes), function(k) tests(k, genes[[k]], g))), tests("large", large, big)), "tests.tsv")
write_tsv(rbind(do.call(rbind, lapply(names(genes), function(k) data.frame(id = k, is_case = g, value = genes[[k]]))), data.frame(id = "large", is_case = big, value = large)), "tests_input.tsv.gz")

## Maximum likelihood, nomogram, validate and calibrate (the indices are those that rms draws)
B <- 60
for (nm in c("two", "three")) {
  set.seed(if (nm == "two") 21 else 22); n <- if (nm == "two") 60 else 90
  d <- data.frame(y = rbinom(n, 1, .45), A = round(rnorm(n, 8, 1.3), 3), B = round(rnorm(n, 6, .8), 3)); d$A <- d$A + .9 * d$y; d$B <- d$B - .5 * d$y
  if (nm == "three") d$C <- sample(c(2, 2.5, 4, 5.5), n, TRUE)   # few values: rms draws them as they are; equal log-odds occur
  v <- names(d)[-1]; dd <- datadist(d); options(datadist = "dd"); f <- lrm(reformulate(v, "y"), d, x = TRUE, y = TRUE, tol = 1e-14, eps = 1e-12)
  write_tsv(d, paste0(nm, "_input.tsv")); s <- sqrt(diag(vcov(f)))
  write_tsv(data.frame(term = names(coef(f)), coefficient = coef(f), std_error = s, p = 2 * pnorm(-abs(coef(f) / s)), log_likelihood = -f$deviance[2] / 2, null_log_likelihood = -f$deviance[1] / 2), paste0(nm, "_coefficients.tsv"))
  m <- nomogram(f, fun = plogis, fun.at = c(.01, .05, seq(.1, .9, .1), .95, .99), lp = TRUE, maxscale = 100)
  write_tsv(rbind(do.call(rbind, lapply(v, function(k) data.frame(axis = k, value = as.numeric(m[[k]][[1]]), points = m[[k]]$points))), data.frame(axis = "total", value = as.numeric(m$total.points$x), points = as.numeric(m$total.points$x)),
    data.frame(axis = "log_odds", value = m$lp$x.real, points = m$lp$x), data.frame(axis = "risk", value = m[[length(m)]]$x.real, points = m[[length(m)]]$x)), paste0(nm, "_nomogram.tsv"))
  set.seed(1); val <- validate(f, B = B); set.seed(1); cal <- calibrate(f, B = B); set.seed(1); idx <- replicate(B, sample(n, replace = TRUE))
  write_tsv(as.data.frame(t(idx)), paste0(nm, "_indices.tsv.gz")); val <- as.data.frame(unclass(val)[, 1:6]); write_tsv(cbind(index = rownames(val), val), paste0(nm, "_validate.tsv"))
  cal <- as.data.frame(unclass(cal)[, c("predy", "calibrated.orig", "calibrated.corrected", "training", "test")]); write_tsv(cal, paste0(nm, "_calibrate.tsv"))
}

## lowess without robustness iterations, ties and clumps included
set.seed(31); out <- list()
for (r in 1:12) { n <- c(7, 25, 80)[r %% 3 + 1]; x <- plogis(rnorm(n, sd = c(.3, 2, 4, 8)[r %% 4 + 1])); if (r %% 2) x <- sample(x, n, TRUE); z <- rbinom(n, 1, x); a <- approx(lowess(x, z, iter = 0), xout = seq(.01, .99, length.out = 40), ties = mean)$y
  out[[r]] <- rbind(data.frame(curve = r, kind = "point", x = x, y = z), data.frame(curve = r, kind = "fit", x = seq(.01, .99, length.out = 40), y = a)) }
write_tsv(do.call(rbind, out), "lowess.tsv.gz")

## pretty
set.seed(41); out <- list(); for (i in 1:60) { a <- rnorm(1, sd = 10^runif(1, -2, 2)); b <- a + rexp(1) * 10^runif(1, -3, 3); n <- c(5, 10)[i %% 2 + 1]; p <- pretty(c(a, b), n); out[[i]] <- data.frame(low = a, high = b, n = n, first = p[1], last = p[length(p)], marks = length(p)) }
write_tsv(do.call(rbind, out), "pretty.tsv")

## Firth (logistf is not in Debian 12): maximum of likelihood + log det / 2 by optim and a search of the profile by brute force
pll <- function(b, X, y) { e <- drop(X %*% b); p <- plogis(e); d <- determinant(crossprod(X, X * (p * (1 - p)))); if (d$sign <= 0) return(-1e10); sum(plogis((2 * y - 1) * e, log.p = TRUE)) + d$modulus / 2 }
grad <- function(b, X, y) { p <- plogis(drop(X %*% b)); w <- p * (1 - p); h <- rowSums((X %*% solve(crossprod(X, X * w), tol = 1e-300)) * X) * w; drop(crossprod(X, y - p + h * (.5 - p))) }
top <- function(X, y, free, fixed, start) { f <- function(a) { b <- fixed; b[free] <- a; -pll(b, X, y) }; k <- function(a) { b <- fixed; b[free] <- a; -grad(b, X, y)[free] }
  best <- NULL; for (s in start) { o <- tryCatch(optim(s, f, k, method = "BFGS", control = list(reltol = 1e-16, maxit = 2000)), error = function(e) NULL); if (!is.null(o) && (is.null(best) || o$value < best$value)) best <- o }; best }
rows <- list(); cases <- list()
set.seed(51); sep <- data.frame(y = rep(0:1, c(6, 24)), x = c(rnorm(6, -2), rnorm(24, 3)))
set.seed(52); quasi <- data.frame(y = rep(0:1, c(12, 12)), x = c(rnorm(12), rnorm(12)), z = c(rep(0, 12), rep(0:1, 6)))
set.seed(53); rare <- data.frame(y = rep(0:1, c(6, 60)), x = c(rnorm(6), rnorm(60, 1.2)), z = c(rnorm(6), rnorm(60, -.4)))
for (nm in c("sep", "quasi", "rare")) { d <- get(nm); d[-1] <- round(d[-1], 3); X <- cbind(1, as.matrix(d[-1])); y <- d$y; K <- ncol(X)
  a <- top(X, y, 1:K, rep(0, K), list(rep(0, K))); b <- a$par; for (i in 1:50) b <- b + solve(crossprod(X, X * (plogis(drop(X %*% b)) * plogis(-drop(X %*% b)))), grad(b, X, y)); ll <- pll(b, X, y); V <- solve(crossprod(X, X * (plogis(drop(X %*% b)) * plogis(-drop(X %*% b)))))
  flic <- uniroot(function(i) sum(plogis(i + drop(X[, -1, drop = FALSE] %*% b[-1]))) - sum(y), c(-100, 100), tol = 1e-13)$root
  for (j in 1:K) { free <- setdiff(1:K, j); prof <- function(v) { fixed <- b; fixed[j] <- v; starts <- c(list(b[free], 0 * b[free]), lapply(c(-60, -30, -15, -8, -4, -2, 2, 4, 8, 15, 30, 60), function(s) { q <- b[free]; q[1] <- s; q }), lapply(c(-60, -30, -15, -8, -4, -2, 2, 4, 8, 15, 30, 60), function(s) { q <- b[free]; q[length(q)] <- s; q })); ll + top(X, y, free, fixed, starts)$value }
    bound <- qchisq(.95, 1) / 2; side <- function(sign) { s <- sqrt(V[j, j]) / 2; v <- b[j]; k <- 0; while (prof(v + sign * s) < bound && k < 80) { v <- v + sign * s; k <- k + 1 }; uniroot(function(q) prof(q) - bound, sort(c(v, v + sign * s)), tol = 1e-9)$root }
    rows[[length(rows) + 1]] <- data.frame(case = nm, term = j - 1, coefficient = b[j], std_error = sqrt(V[j, j]), p = pchisq(2 * prof(0), 1, lower.tail = FALSE), low = side(-1), high = side(1), log_likelihood = ll, flic = flic, score = max(abs(grad(b, X, y)))) }
  cases[[nm]] <- data.frame(case = nm, y = d$y, x = d$x, z = if (is.null(d$z)) NA_real_ else d$z) }
write_tsv(do.call(rbind, rows), "firth.tsv"); write_tsv(do.call(rbind, cases), "firth_input.tsv")
writeLines(c(R.version.string, sapply(c("pROC", "rms", "Hmisc"), function(p) paste(p, packageVersion(p)))), "versions.txt")
