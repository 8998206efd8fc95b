# The cohort hcc of `ra_hcc` with its pairs modelled by the consensus correlation: what limma gives, every 100th gene.
# Usage: Rscript block.R SHARED_DIR > block.tsv     (limma, statmod, GEOquery, data.table)
suppressPackageStartupMessages({library(GEOquery); library(limma); library(data.table)})
shared <- commandArgs(TRUE)[1]
e <- suppressMessages(getGEO(filename = file.path(shared, "geo/series/GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz"), getGPL = FALSE))
x <- exprs(e); p <- pData(e)
l <- readLines(gzfile(file.path(shared, "geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz")))
d <- fread(text = l[(which(l == "!platform_table_begin") + 1):(which(l == "!platform_table_end") - 1)], sep = "\t", quote = "", colClasses = "character", fill = TRUE)
s <- lapply(strsplit(d[["Gene symbol"]], "///", fixed = TRUE), function(v) { v <- unique(trimws(v)); v[nzchar(v) & v != "---"] })
a <- data.frame(probe = d$ID[lengths(s) == 1], gene = unlist(s[lengths(s) == 1])); a <- a[a$probe %in% rownames(x), ]
g <- avereps(x[a$probe, ], ID = a$gene); g <- g[order(rownames(g), method = "radix"), ]
case <- grepl("Tissue: Liver Tumor Tissue", p$characteristics_ch1); control <- grepl("Liver Non-Tumor Tissue", p$characteristics_ch1)
g <- g[, case | control]; y <- as.integer(case[case | control]); patient <- sub("^(LCS-[0-9]+).*", "\\1", p$source_name_ch1[case | control])
rho <- duplicateCorrelation(g, model.matrix(~ y), block = patient)$consensus
t <- topTable(eBayes(lmFit(g, model.matrix(~ y), block = patient, correlation = rho)), coef = "y", number = Inf, sort.by = "none")
n <- sum(abs(t$logFC) >= 1.5 & t$adj.P.Val < 0.05)
write.table(data.frame(gene = rownames(t), log_fc = t$logFC, t = t$t, p_value = t$P.Value, b = t$B, consensus = rho, n_deg = n)[seq(1, nrow(t), 100), ], stdout(), sep = "\t", quote = FALSE, row.names = FALSE)
