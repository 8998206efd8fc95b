# R's Wilcoxon and Welch tests of genes of two cases, empty groups and ties among them. R alone; after cases.R.
source("common.R"); quietly <- function(e) suppressWarnings(tryCatch(e, error = function(e) NULL)); number <- function(o, f = "p.value") if (is.null(o)) NA_real_ else unname(as.numeric(o[[f]]))
for (case in c("arrays", "synthetic")) { X <- expression_of(case); g <- read_table(case_file(case, "samples.tsv"))$group == "control"
  ids <- if (case == "arrays") rownames(X)[seq(1, nrow(X), by = 5)] else rownames(X)[c(seq(1, 1900, by = 20), 1901:1980, 1985:1990)]
  write_table(do.call(rbind, lapply(ids, function(i) { a <- X[i, g]; b <- X[i, !g]; a <- a[!is.na(a)]; b <- b[!is.na(b)]; mid <- function(v) if (length(v)) median(v) else NA_real_
    w <- quietly(wilcox.test(b, a)); wn <- quietly(wilcox.test(b, a, exact = FALSE, correct = TRUE)); we <- if (!anyDuplicated(c(a, b)) && length(a) && length(b)) quietly(wilcox.test(b, a, exact = TRUE)); t <- quietly(t.test(b, a))
    data.frame(id = i, n1 = length(a), n2 = length(b), median1 = mid(a), median2 = mid(b), W = number(w, "statistic"), wilcox_p_default = number(w), wilcox_p_normal_cc = number(wn), wilcox_p_exact = number(we), welch_t = number(t, "statistic"), welch_df = number(t, "parameter"), welch_p = number(t)) })), answer("tests", paste0(case, "__tests.tsv.gz"))) }
