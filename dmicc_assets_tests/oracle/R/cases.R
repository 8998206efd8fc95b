# Made-up inputs. `synthetic`: 149 cases against 6 controls with every special row that a gene may be; `arrays`, `batches`
# and `intensities` have the shape of a two-group, a five-batch and a raw study; `counts` are for voom.
# R alone. ORACLE_WORK is where synthetic.tsv.gz and synthetic.rds go; pack.py makes cases/synthetic/expression.parquet of it.
source("common.R")
## synthetic
set.seed(42); G <- 2000; n1 <- 149; n2 <- 6; n <- n1 + n2
grp <- rep(c("disease", "control"), c(n1, n2)); batch <- c(rep("GSEa", 100), rep("GSEb", 49), rep("GSEa", 3), rep("GSEb", 3))
sex <- sample(c("F", "M"), n, TRUE); age <- round(rnorm(n, 50, 10)); d0 <- 4; s02 <- 0.09
sd_g <- sqrt(s02 * d0 / rchisq(G, d0)); mu <- runif(G, 4, 12); de <- rep(0, G); de[1:200] <- sample(c(-1, 1), 200, TRUE) * runif(200, .4, 2.5)
be <- rnorm(G, 0.4, .6); bs <- sqrt(1 / rgamma(G, 10, 9))
X <- mu + outer(de, as.numeric(grp == "disease")) + outer(be, as.numeric(batch == "GSEb")) + matrix(rnorm(G * n), G, n) * sd_g * ifelse(matrix(batch == "GSEb", G, n, byrow = TRUE), bs, 1)
dimnames(X) <- list(sprintf("GENE%04d", 1:G), sprintf("SAM%03d", 1:n)); X <- round(X, 6)
X[1901:1910, ] <- 7.5                                    # zero variance everywhere
X[1911:1915, batch == "GSEb"] <- 6.25                    # zero variance in one batch only
X[1916:1920, grp == "control"] <- 5                      # zero variance in one group only
X[1921:1940, ] <- round(X[1921:1940, ] * 2) / 2          # many ties
X[1941:1960, ][matrix(runif(20 * n) < .05, 20)] <- NA    # 5 % missing
X[1961:1975, ][matrix(runif(15 * n) < .5, 15)] <- NA     # 50 % missing
X[1976:1980, grp == "control"] <- NA                     # one whole group missing
X[1981:1983, ] <- NA                                     # all missing
X[1984, ] <- NA; X[1984, c(1, 150)] <- c(6, 7)           # one against one: no residual degrees of freedom
X[1985, ] <- NA; X[1985, c(1, 2, 150)] <- c(6, 6.5, 7)   # one residual degree of freedom
X[1986, ] <- X[1987, ]                                   # a duplicated row: a tie in p
write_matrix(X, file.path(tempdir_of_cases, "synthetic.tsv.gz"), "gene", 17); saveRDS(X, file.path(tempdir_of_cases, "synthetic.rds"))
write_table(data.frame(sample = colnames(X), group = grp, batch = batch, sex = sex, age = age), case_file("synthetic", "samples.tsv"))
## counts
set.seed(43); G <- 2000; ns <- 12; gr <- rep(c("A", "B"), each = 6); lib <- runif(ns, .5, 2)
base <- exp(rnorm(G, 3.5, 1.8)); lf <- rep(0, G); lf[1:200] <- sample(c(-1, 1), 200, TRUE) * runif(200, .5, 2.5)
mu <- outer(base, lib) * 2^outer(lf, as.numeric(gr == "B")); C <- matrix(rnbinom(G * ns, mu = mu, size = 1 / (.05 + 1 / sqrt(base + 1) * .2)), G, ns)
C[1901:1920, ] <- 0
dimnames(C) <- list(sprintf("GENE%04d", 1:G), sprintf("C%02d", 1:ns)); storage.mode(C) <- "integer"
write_matrix(C, case_file("counts", "counts.tsv.gz"), "gene"); write_table(data.frame(sample = colnames(C), group = gr, batch = rep(c("x", "y"), 6)), case_file("counts", "samples.tsv"))
## arrays: 37 cases against 42 controls; three samples lack sex and age; genes of one to five probes, some of two genes, some of none
set.seed(44); P <- 480; n <- 79; group <- sample(rep(c("case", "control"), c(37, 42))); sex <- sample(c("F", "M"), n, TRUE); age <- round(runif(n, 15, 60)); lacking <- c(9, 30, 71); sex[lacking] <- NA; age[lacking] <- NA
sd_p <- sqrt(.06 * 5 / rchisq(P, 5)); effect <- c(rnorm(60, 0, .16), rep(0, P - 60)); effect[1:6] <- c(1.3, -1.1, .6, -.6, .5, .5); old <- rnorm(P, 0, .012); male <- c(rep(0, P - 30), rnorm(30, 0, .4))
X <- runif(P, 2.5, 12) + outer(effect, group == "case") + outer(old, ifelse(is.na(age), 37, age) - 37) + outer(male, sex %in% "M") + matrix(rnorm(P * n), P) * sd_p
probes <- sprintf("%04d%s_at", 1000 + sample(P), sample(c("", "_s", "_x"), P, TRUE)); X[1:2, ] <- X[1:2, ] + matrix(rnorm(2 * n), 2)
dimnames(X) <- list(probes, sprintf("S%02d", 1:n)); X <- round(X, 4)
symbol <- sprintf("SYM%03d", rep(1:P, sample(1:5, P, TRUE, c(.55, .25, .1, .06, .04)))[1:P])
symbol[sample(P, 24)] <- NA; several <- sample(which(!is.na(symbol)), 20); symbol[several] <- paste(symbol[several], sample(c(sprintf("SYM%03d", 1:40), sprintf("OTHER%d", 1:8)), 20), sep = " /// ")
write_matrix(X, case_file("arrays", "expression.tsv.gz"), "probe", 10); write_table(data.frame(sample = colnames(X), group, sex, age), case_file("arrays", "samples.tsv")); write_table(data.frame(probe = probes, symbol), case_file("arrays", "probe_map.tsv.gz"))
## batches: three outcomes in five batches, of which some hold one outcome only
set.seed(45); P <- 240; outcome <- rep(c("Cancer", "Cancer", "Normal", "Normal", "Biopsy", "Biopsy", "Cancer"), c(11, 14, 4, 4, 5, 4, 15)); batch <- rep(c(1, 2, 2, 3, 4, 5, 5), c(11, 14, 4, 4, 5, 4, 15))
o <- sample(57); outcome <- outcome[o]; batch <- batch[o]; sd_p <- sqrt(.08 * 5 / rchisq(P, 5))
X <- runif(P, 3, 12) + outer(rnorm(P, 0, .5), outcome == "Cancer") + outer(rnorm(P, 0, .4), outcome == "Biopsy") + matrix(rnorm(P * 5, .2, .5), P)[, batch] + matrix(rnorm(P * 57), P) * sd_p * sqrt(1 / matrix(rgamma(P * 5, 8, 7), P))[, batch]
dimnames(X) <- list(sprintf("P%03d_at", 1:P), sprintf("B%02d", 1:57))
write_matrix(round(X, 4), case_file("batches", "expression.tsv.gz"), "probe", 10); write_table(data.frame(sample = colnames(X), cancer = outcome, batch), case_file("batches", "samples.tsv"))
## intensities: raw values as a scanner's, a few of them zero or less; the title of some samples contradicts their source
set.seed(46); P <- 120; source <- rep(c("normal tissue beside the carcinoma", "carcinoma"), c(8, 9))[sample(17)]; sick <- source == "carcinoma"
X <- round(2^(runif(P, 3, 13) + outer(c(rnorm(20, 0, 1.5), rep(0, P - 20)), sick) + matrix(rnorm(P * 17, 0, .5), P)), 1); X[5, 3] <- -1.2; X[60, c(2, 9)] <- 0; X[61, 11] <- -30.5
dimnames(X) <- list(sprintf("%d_at", 200000 + 1:P), sprintf("GSM%d", 500 + 1:17)); title <- ifelse(sick, "Carcinoma of the kidney", "Normal kidney"); title[which(!sick)[c(2, 3, 5)]] <- "Carcinoma of the kidney"
write_matrix(X, case_file("intensities", "expression.tsv.gz"), "probe", 10); write_table(data.frame(sample = colnames(X), title, source), case_file("intensities", "samples.tsv"))
## the same as a series matrix
q <- function(v) paste0('"', v, '"', collapse = "\t"); line <- function(key, v) paste0("!Sample_", key, "\t", q(v))
con <- gzfile(case_file("geo", "intensities_series_matrix.txt.gz"), "w", compression = 9)
writeLines(c('!Series_title\t"Normal and carcinoma tissue of the kidney, made up"', '!Series_geo_accession\t"GSE5"', '!Series_platform_id\t"GPL5"', "", line("title", title), line("geo_accession", colnames(X)), line("source_name_ch1", source), line("platform_id", rep("GPL5", 17)), line("data_row_count", rep(P, 17)), "!series_matrix_table_begin",
  paste(q("ID_REF"), q(colnames(X)), sep = "\t"), sapply(1:P, function(i) paste(q(rownames(X)[i]), paste(texts(X[i, ], 17), collapse = "\t"), sep = "\t")), "!series_matrix_table_end"), con); close(con)
