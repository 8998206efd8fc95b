# A whole made-up study, `../study/made.yaml`, as an R script of the field would run it: its mirror in GEO's tree (two raw
# series of one platform, one log2 series of another, a Xena matrix), then log2, quantile normalisation, avereps, limma with the
# series as covariate, the shared genes, their overlap, pROC's areas and Wilcoxon's tests.
source("common.R"); suppressPackageStartupMessages({library(limma); library(GEOquery); library(pROC)}); set.seed(61)
study <- function(file) answer("study", file); gz <- function(lines, file) { dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE); con <- gzfile(file, "w", compression = 9); writeLines(lines, con); close(con) }
q <- function(v) paste0('"', v, '"', collapse = "\t"); genes <- sprintf("MADE%03d", 1:150); bucket <- function(a) sub("[0-9]{1,3}$", "nnn", a)
## platforms: most genes of one probe or two, some probes of several genes, some of none
probes_of <- function(gpl, n, suffix) { g <- c(genes, sample(genes, n - 150 - 18), sample(genes, 8), rep("", 10)); g[n - (17:10)] <- paste0(g[n - (17:10)], "///", sample(genes, 8)); g <- sample(g); id <- sprintf("%d%s", 1000 + seq_along(g), suffix)
  gz(c("^Annotation", paste("!Annotation_platform =", gpl), "#ID = ID", "!platform_table_begin", "ID\tGene title\tGene symbol", paste(id, "", g, sep = "\t"), "!platform_table_end"), study(file.path("geo/platforms", "GPLnnn", gpl, "annot", paste0(gpl, ".annot.gz")))); data.frame(probe = id, gene = g) }
platforms <- list(GPL71 = probes_of("GPL71", 210, "_at"), GPL72 = probes_of("GPL72", 200, "_x_at"))
level <- setNames(runif(150, 4, 11), genes); effect <- list(a = setNames(numeric(150), genes), b = setNames(numeric(150), genes))
effect$a[1:30] <- runif(30, 1, 2) * sample(c(1, -1), 30, TRUE); effect$b[16:45] <- runif(30, .9, 2) * sample(c(1, -1), 30, TRUE); effect$b[16:24] <- abs(effect$b[16:24]) * sign(effect$a[16:24])
## series
series <- function(gse, gpl, of, labels, key, raw) { p <- platforms[[gpl]]; n <- length(labels); main <- sub("///.*", "", p$gene); base <- ifelse(main == "", 6, level[main]) + rnorm(nrow(p), 0, .4); shift <- ifelse(main == "", 0, effect[[of]][main])
  x <- base + outer(shift, labels == names(which.max(table(labels)))) + rnorm(nrow(p), 0, .3) + matrix(rnorm(nrow(p) * n, 0, .45), nrow(p)) + rep(rnorm(n, 0, .2), each = nrow(p)); x <- if (raw) round(2^x, 1) else round(x, 4)
  if (raw && gse == "GSE71002") x[cbind(c(3, 40, 41), c(2, 5, 5))] <- c(0, -4.4, 0); gsm <- sprintf("GSM%d", as.integer(sub("GSE", "", gse)) * 100 + 1:n)
  line <- function(k, v) paste0("!Sample_", k, "\t", q(v)); file <- study(file.path("geo/series", bucket(gse), gse, "matrix", paste0(gse, "_series_matrix.txt.gz")))
  gz(c(paste0("!Series_title\t", q(paste("Made-up series", gse))), paste0("!Series_geo_accession\t", q(gse)), '!Series_type\t"Expression profiling by array"', paste0("!Series_platform_id\t", q(gpl)), "", line("title", paste("sample", 1:n)), line("geo_accession", gsm), line("source_name_ch1", rep("tissue", n)), line("organism_ch1", rep("Homo sapiens", n)), line("characteristics_ch1", paste0(key, ": ", labels)),
    line("platform_id", rep(gpl, n)), line("data_row_count", rep(nrow(x), n)), "!series_matrix_table_begin", paste(q("ID_REF"), q(gsm), sep = "\t"), sapply(seq_len(nrow(x)), function(i) paste(q(p$probe[i]), paste(texts(x[i, ], 10), collapse = "\t"), sep = "\t")), "!series_matrix_table_end"), file) }
mix <- function(...) sample(rep(names(c(...)), c(...)))
series("GSE71001", "GPL71", "a", mix(arthritis = 9, healthy = 8, other = 6), "disease state", TRUE); series("GSE71002", "GPL71", "a", mix(arthritis = 8, healthy = 7, other = 5), "disease state", TRUE); series("GSE71003", "GPL72", "b", mix(carcinoma = 11, `non-tumor tissue` = 9, donor = 3), "tissue", FALSE)
type <- sample(rep(c("01", "11"), c(11, 8))); x <- level + outer(effect$b, type == "01") + matrix(rnorm(150 * 19, 0, 1), 150); x <- round(pmax(x, 0), 4); colnames(x) <- sprintf("TCGA-3X-AA%02d-%s", 1:19, type)
gz(c(paste(c("sample", colnames(x)), collapse = "\t"), sapply(1:150, function(i) paste(c(genes[i], texts(x[i, ], 10)), collapse = "\t"))), study("xena/MADE.sampleMap/HiSeqV2.gz"))
## the analysis
load_series <- function(gse, gpl, key, normalise) { e <- suppressMessages(getGEO(filename = study(file.path("geo/series", bucket(gse), gse, "matrix", paste0(gse, "_series_matrix.txt.gz"))), getGPL = FALSE)); x <- Biobase::exprs(e); v <- quantile(x, c(0, .25, .5, .75, .99, 1), na.rm = TRUE)
  if (v[5] > 100 || (v[6] - v[1] > 50 && v[2] > 0)) { x[which(x <= 0)] <- NaN; x <- log2(x) }
  if (normalise) x <- normalizeBetweenArrays(x, method = "quantile"); p <- platforms[[gpl]]; p <- p[p$gene != "" & !grepl("///", p$gene), ]; list(x = avereps(x[p$probe, ], ID = p$gene), label = sub("^[^:]*: ", "", as.character(Biobase::pData(e)$characteristics_ch1))) }
D <- list(load_series("GSE71001", "GPL71", "disease state", TRUE), load_series("GSE71002", "GPL71", "disease state", TRUE), load_series("GSE71003", "GPL72", "tissue", FALSE))
cohorts <- list(arthritis = list(1:2, "arthritis", "healthy"), carcinoma = list(3, "carcinoma", "non-tumor tissue")); chosen <- list(); areas <- list(); universe <- NULL; kept <- list()
for (cn in names(cohorts)) { co <- cohorts[[cn]]; common <- Reduce(intersect, lapply(D[co[[1]]], function(d) rownames(d$x))); x <- do.call(cbind, lapply(D[co[[1]]], function(d) d$x[common, ])); lab <- unlist(lapply(D[co[[1]]], `[[`, "label")); batch <- rep(co[[1]], sapply(D[co[[1]]], function(d) ncol(d$x)))
  k <- lab %in% unlist(co[2:3]); x <- x[, k]; y <- as.integer(lab[k] == co[[2]]); batch <- factor(batch[k]); several <- nlevels(batch) > 1
  tt <- topTable(eBayes(lmFit(x, if (several) model.matrix(~y + batch) else model.matrix(~y))), coef = "y", number = Inf, sort.by = "none"); deg <- abs(tt$logFC) >= 1 & tt$adj.P.Val < .05
  write_table(data.frame(gene = rownames(tt), log_fc = tt$logFC, ave_expr = tt$AveExpr, t = tt$t, p_value = tt$P.Value, adj_p_value = tt$adj.P.Val, b = tt$B, is_deg = deg), study(paste0("statistics_", cn, ".tsv.gz"))); chosen[[cn]] <- rownames(tt)[which(deg)]; universe <- if (is.null(universe)) common else intersect(universe, common)
  kept[[cn]] <- list(x = if (several) removeBatchEffect(x, batch = batch, design = model.matrix(~y)) else x, y = y, up = setNames(tt$logFC > 0, rownames(tt)), missing = sum(is.na(x))) }
signature <- sort(Reduce(intersect, chosen)); n <- lengths(lapply(chosen, intersect, universe)); write_table(data.frame(gene = signature), study("signature.tsv")); write_table(data.frame(n_universe = length(universe), n_shared = length(signature), n_expected = prod(n) / length(universe), p_value = phyper(length(signature) - 1, n[1], length(universe) - n[1], n[2], lower.tail = FALSE)), study("overlap.tsv"))
kept$`MADE-VALIDATION` <- list(x = x <- as.matrix(read.delim(study("xena/MADE.sampleMap/HiSeqV2.gz"), row.names = 1, check.names = FALSE)), y = as.integer(grepl("-01$", colnames(x))), up = kept$carcinoma$up)
write_table(do.call(rbind, lapply(names(kept), function(s) do.call(rbind, lapply(intersect(signature, rownames(kept[[s]]$x)), function(g) { m <- kept[[s]]; v <- m$x[g, ]; ok <- !is.na(v); r <- roc(m$y[ok], v[ok], direction = if (m$up[[g]]) "<" else ">", levels = 0:1, quiet = TRUE); ci <- suppressWarnings(as.numeric(ci.auc(r, method = "delong")))
  data.frame(subject = s, gene = g, auc = as.numeric(r$auc), ci_low = ci[1], ci_high = ci[3], wilcoxon_p = suppressWarnings(wilcox.test(v[ok][m$y[ok] == 1], v[ok][m$y[ok] == 0])$p.value)) })))), study("areas.tsv"))
write_json(list(missing = kept$arthritis$missing, n_deg = as.list(lengths(chosen))), study("summary.json"))
