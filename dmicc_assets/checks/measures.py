"""What the statistic of each check is, and on which side of its threshold the check fires. No check is made here."""

from typing import Literal, NamedTuple

Side = Literal["above", "below", "at or above", "at or below"]


class Measure(NamedTuple):
    """What is measured, in words, and the side of the threshold on which the check fires."""

    what: str
    fires: Side


# By code; a check that measures one of several things has a name behind the code for each that is not the first.
MEASURES = {
    "D1": Measure("samples in the smaller class", "below"),
    "D2": Measure("larger class over smaller", "above"),
    "D3": Measure("folds asked for, against samples in the smaller class", "above"),
    "D4": Measure("samples without a label, and labels of another count than expected", "above"),
    "D5": Measure("AUC of the column that separates most, in its better direction", "above"),
    "D5 category": Measure("Cramer's V of the column that separates most", "above"),
    "D6": Measure("range of the datasets' shares of cases", "at or above"),
    "D6 combat": Measure("range of the datasets' shares of cases under ComBat", "above"),
    "D7": Measure("tissues", "above"),
    "D8": Measure("largest shift of a cell type's marker, log2", "above"),
    "D9": Measure("case samples of the population", "below"),
    "I1": Measure("what is missing or does not fit in the files", "above"),
    "I2": Measure("disagreements on whether the values are logarithms", "above"),
    "I3": Measure("constant genes, and genes and samples with too many missing values", "above"),
    "I4": Measure("range of the samples' medians, log2", "above"),
    "I4 spread": Measure("largest interquartile range of a sample over the smallest", "above"),
    "I5": Measure("z of the least connected array", "below"),
    "I6": Measure("ties between datasets: samples, arrays, re-analyses", "above"),
    "I7": Measure("Fisher's p of sex against group", "below"),
    "I7 contradicted": Measure("samples whose genes contradict the stated sex", "above"),
    "I8": Measure("share of probes without a gene", "above"),
    "I8 several": Measure("share of probes with several genes", "above"),
    "I8 dates": Measure("gene symbols turned into dates", "above"),
    "I9": Measure("biomarkers that are not measured", "above"),
    "I9 universes": Measure("genes that all cohorts measure, as a share of those that any measures", "below"),
    "I10": Measure("share of genes found under another symbol", "above"),
    "M1": Measure("estimated share of false ones among the genes of raw p below the threshold", "above"),
    "M2": Measure("p-values above 0.95, over a bin between 0.5 and 0.95", "above"),
    "M3": Measure("genes whose fold change itself passes the threshold (TREAT), against genes found", "below"),
    "M4": Measure("hypergeometric p of the overlap", "above"),
    "M5": Measure("shared genes that move in opposite directions", "above"),
    "M6": Measure("median Jaccard index to the signature when one threshold is moved", "below"),
    "M7": Measure("lowest frequency of a biomarker in the signature, bootstrap", "below"),
    "M7 left out": Measure("lowest frequency of a biomarker in the signature, one control left out", "below"),
    "M8": Measure("gene-set libraries without date or checksum, and wrong backgrounds", "above"),
    "M8 unstated": Measure("gene-set libraries that state no version", "above"),
    "R1": Measure("apparent AUC less nested AUC", "above"),
    "R2": Measure("empirical p against random genes", "above"),
    "R3": Measure("largest empirical p against permuted labels", "above"),
    "R4": Measure("trees of the forest", "below"),
    "R4 published": Measure("features a split that are published, against genes", "above"),
    "R5": Measure("gap between the rank intervals of the last chosen and the first unchosen gene", "at or below"),
    "R6": Measure("widest half of an AUC's interval", "above"),
    "R6 class": Measure("samples in the smaller class", "below"),
    "R6 perfect": Measure("largest AUC", "at or above"),
    "R7": Measure("samples, against those needed for the genes tested", "below"),
    "R8": Measure("1 when the classes separate", "above"),
    "R9": Measure("samples in the smaller class", "below"),
    "R9 outside": Measure("validation datasets with a calibration slope", "below"),
    "R10": Measure("share of cases among the model's samples", "above"),
    "R11": Measure("predictors whose cut-off was chosen on the samples that score it", "above"),
    "R12": Measure("ties to training, and other kinds of controls", "above"),
    "R13": Measure("share of cases", "above"),
    "R13 rare": Measure("share of cases", "below"),
    "R14": Measure("tables that cannot be traced", "above"),
    "R15": Measure("patients with several samples", "above"),
}
