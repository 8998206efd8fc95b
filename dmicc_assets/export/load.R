# Reloads a study that `dmicc export` wrote; base R is enough.
#
#   source("load.R")                            # in this folder, or by its path
#   study$differential$statistics               # every table, as a data frame; a list column is a list
#   study$expression$genes$GSE32225$value       # every matrix, genes by samples, log2
#   study$cohort$expression$icc$value_adjusted  # the same as value where no batch was removed
#   attr(study$signature$genes, "meaning")      # what each column means

load_study <- function(folder) {
  tables <- file.path(folder, "tables")
  columns <- read.delim(file.path(tables, "columns.tsv"), na.strings = "", stringsAsFactors = FALSE)
  study <- list()
  for (name in unique(columns$table)) {
    parts <- strsplit(name, ".", fixed = TRUE)[[1]]
    path <- file.path(tables, parts[1], paste0(parts[2], c(".tsv", ".tsv.gz")))
    path <- path[file.exists(path)]
    wide <- list.files(file.path(tables, parts[1], parts[2]), "[.]tsv[.]gz$", full.names = TRUE)
    if (length(path)) {
      study[[parts[1]]][[parts[2]]] <- load_table(path, columns[columns$table == name, ])
    } else if (length(wide)) {
      study[[parts[1]]][[parts[2]]] <- load_matrices(wide, columns$column[columns$table == name])
    }
  }
  study
}

load_table <- function(path, columns) {
  rows <- read.delim(path, colClasses = "character", na.strings = "", quote = "\"", check.names = FALSE)
  numbers <- columns$column[columns$type %in% c("DOUBLE", "BIGINT")]
  for (column in numbers) rows[[column]] <- as.numeric(rows[[column]])
  for (column in columns$column[columns$type == "BOOLEAN"]) rows[[column]] <- as.logical(rows[[column]])
  for (column in columns$column[endsWith(columns$type, "[]")]) {
    texts <- as.character(ifelse(is.na(rows[[column]]), "", rows[[column]]))  # without rows ifelse gives a logical
    rows[[column]] <- strsplit(texts, ";", fixed = TRUE)
  }
  attr(rows, "meaning") <- setNames(columns$meaning, columns$column)
  rows
}

load_matrices <- function(paths, columns) {
  matrices <- list()
  for (path in paths) {
    name <- sub("[.]tsv[.]gz$", "", basename(path))  # <dataset or cohort>.<column>
    part <- sub("[.][^.]*$", "", name)
    values <- read.delim(path, row.names = 1, check.names = FALSE, na.strings = "", quote = "")
    matrices[[part]][[substring(name, nchar(part) + 2)]] <- as.matrix(values)
  }
  if ("value_adjusted" %in% columns) {
    # a matrix that equals another one is not written again
    matrices <- lapply(matrices, function(each) {
      if (is.null(each$value_adjusted)) each$value_adjusted <- each$value
      each
    })
  }
  matrices
}

folder_of_this_script <- function() {
  for (frame in rev(sys.frames())) if (!is.null(frame$ofile)) return(dirname(frame$ofile))
  file <- grep("^--file=", commandArgs(FALSE), value = TRUE)
  if (length(file)) dirname(sub("^--file=", "", file[1])) else "."
}

study <- load_study(folder_of_this_script())
