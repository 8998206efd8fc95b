# Firth's logistic regression by its definition, with profile limits by a search over several starts, beside brglm2 and brglm
# where the score has one root: three genes, two genes of 149 against 6, and a separated variable. After forest.R.
source("common.R"); suppressPackageStartupMessages({library(brglm2); library(brglm)})
weights_of <- function(X, b) { p <- plogis(drop(X %*% b)); p * (1 - p) }
penalised <- function(b, X, y) { eta <- drop(X %*% b); sum(y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(-eta, log.p = TRUE)) + .5 * as.numeric(determinant(crossprod(X, X * weights_of(X, b)))$modulus) }
score <- function(X, y, b, I) { w <- weights_of(X, b); h <- rowSums((X * sqrt(w)) %*% solve(I, tol = 1e-30) * (X * sqrt(w))); drop(crossprod(X, y - plogis(drop(X %*% b)) + h * (.5 - plogis(drop(X %*% b))))) }
climb <- function(X, y, b, free, rounds, tol) { ll <- penalised(b, X, y)   # coefficients that are not free are held
  for (it in seq_len(rounds)) { I <- crossprod(X, X * weights_of(X, b)); st <- numeric(ncol(X)); st[free] <- drop(solve(I[free, free, drop = FALSE], score(X, y, b, I)[free], tol = 1e-30)); m <- max(abs(st)); if (m > 5) st <- st * 5 / m
    for (k in 1:40) { l <- penalised(b + st, X, y); if (l >= ll - 1e-9) break; st <- st / 2 }; b <- b + st; ll <- l; if (max(abs(st)) < tol) break }
  list(ll = ll, b = b) }
# The profile can have two modes under separation: a grid where one coefficient is free, several starts where more are.
profile <- function(X, y, j, value, start, best_of_all) { free <- setdiff(seq_len(ncol(X)), j)
  if (ncol(X) == 2) { ll <- function(a) { z <- numeric(2); z[j] <- value; z[-j] <- a; penalised(z, X, y) }; g <- seq(-80, 80, by = .1); l <- sapply(g, ll); i <- which.max(l); o <- optimize(ll, c(g[max(1, i - 1)], g[min(length(g), i + 1)]), maximum = TRUE, tol = 1e-12); z <- numeric(2); z[j] <- value; z[-j] <- o$maximum; return(list(ll = o$objective, b = z)) }
  best <- list(ll = -Inf); for (s in list(start, best_of_all, numeric(ncol(X)))) { s[j] <- value; r <- tryCatch(climb(X, y, s, free, 2000, 1e-11), error = function(e) NULL); if (!is.null(r) && is.finite(r$ll) && r$ll > best$ll) best <- r }
  best }
limits <- function(X, y, f, V) t(sapply(seq_along(f$b), function(j) { chi2 <- 2 * (f$ll - profile(X, y, j, 0, f$b, f$b)$ll)
  side <- function(sign) { B <- f$b; above <- function(v) 2 * (f$ll - profile(X, y, j, v, B, f$b)$ll) - qchisq(.95, 1); k <- 1; v1 <- f$b[j]
    repeat { v2 <- f$b[j] + sign * k * .5 * sqrt(V[j, j]); r <- profile(X, y, j, v2, B, f$b); B <- r$b; if (2 * (f$ll - r$ll) > qchisq(.95, 1) || k > 80) break; v1 <- v2; k <- k + 1 }; uniroot(above, sort(c(v1, v2)), tol = 1e-11)$root }
  c(chi2, pchisq(chi2, 1, lower.tail = FALSE), side(-1), side(1)) }))
run <- function(name, d) { X <- cbind("(Intercept)" = 1, as.matrix(d[-1])); y <- d$y; f <- climb(X, y, numeric(ncol(X)), seq_len(ncol(X)), 500, 1e-13); V <- solve(crossprod(X, X * weights_of(X, f$b))); P <- limits(X, y, f, V); se <- sqrt(diag(V)); q <- suppressWarnings
  g <- q(glm(y ~ ., binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-14, maxit = 10000)); m <- q(glm(y ~ ., binomial, d)); br <- q(brglm(y ~ ., binomial, d)); write_table(d, answer("firth", paste0(name, "__input.tsv")))
  write_table(data.frame(term = colnames(X), firth = f$b, se = se, brglm2_AS_mean = coef(g), brglm2_se = sqrt(diag(vcov(g))), brglm = coef(br), plr_chi2 = P[, 1], plr_p = P[, 2], plr_lo = P[, 3], plr_hi = P[, 4], wald_p = 2 * pnorm(-abs(f$b / se)), ml = coef(m)), answer("firth", paste0(name, "__coef.tsv")))
  write_json(list(penalised_loglik = f$ll, ml_converged = m$converged), answer("firth", paste0(name, "__model.json"))); cat(name, max(abs(f$b - coef(g))), max(abs(score(X, y, f$b, crossprod(X, X * weights_of(X, f$b))))), "\n") }
a <- read.delim(answer("forest", "arrays__input.tsv.gz"), check.names = FALSE); run("arrays3", data.frame(y = as.integer(a$y == "case"), g1 = a[[3]], g2 = a[[4]], g3 = a[[8]]))
b <- read.delim(answer("forest", "synthetic__input.tsv.gz"), check.names = FALSE); run("synthetic2", data.frame(y = as.integer(b$y == "disease"), g1 = round(b[[5]] - mean(b[[5]]), 4), g2 = round(b[[8]] - mean(b[[8]]), 4)))
set.seed(3); y <- rep(0:1, each = 15); run("separated", data.frame(y = y, x = y * 5 + rnorm(30)))
