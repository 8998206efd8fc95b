"""Leukaemia (ALL), bladder cancer and GSE781 against R: the assertions of the unit tests, on real data."""

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.differential.statistics import differential_genes
from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.stats.distributions import root_on_interval, two_sided_p
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.study.schema import Differential, Enrichment
from dmicc_assets_tests.oracle import Answers
from dmicc_assets_tests.statistical import test_forest_errors as forest_errors
from dmicc_assets_tests.statistical import test_forest_importance as forest
from dmicc_assets_tests.unit.differential import test_limma_oracle as limma
from dmicc_assets_tests.unit.enrichment.test_ora import of_counts
from dmicc_assets_tests.unit.expression import test_batch as batch
from dmicc_assets_tests.unit.expression import test_scale as scale
from dmicc_assets_tests.unit.expression.test_collapse import assert_collapsed
from dmicc_assets_tests.unit.geo.test_series_matrix import assert_read_as_geoquery, assert_samples_as_geoquery
from dmicc_assets_tests.unit.model.test_decision_curve import assert_net_benefit
from dmicc_assets_tests.unit.model.test_internal_validation import assert_validated
from dmicc_assets_tests.unit.model.test_nomogram import assert_nomogram
from dmicc_assets_tests.unit.stats import test_logistic as logistic
from dmicc_assets_tests.unit.stats import test_roc as curves
from dmicc_assets_tests.unit.stats.test_firth import assert_firth
from dmicc_assets_tests.unit.stats.test_two_sample import assert_tests

LABEL = "BCR_ABL"


@pytest.mark.parametrize("name", limma.ARRAYS)
def test_leukaemia_tables_equal_limma(real: Answers, name: str) -> None:
    limma.assert_table(real, "limma", "3.54", "all_bcrabl", name)


def test_kidney_table_equals_limma(real: Answers) -> None:
    limma.assert_table(real, "limma", "3.54", "gse781", "log2_default")


@pytest.mark.parametrize("name", ["group", "cov", "aw"])
def test_leukaemia_fits_equal_limma(real: Answers, name: str) -> None:
    limma.assert_fit(real, "limma", "all_bcrabl", name)


def test_leukaemia_weights_and_treat_equal_limma(real: Answers) -> None:
    limma.assert_array_weights(real, "all_bcrabl", LABEL)
    limma.assert_treat(real, "all_bcrabl")


def test_kidney_scale_is_told_by_geo2rs_rule(real: Answers) -> None:
    scale.assert_log2_rule(real, "gse781", "expression_raw")


@pytest.mark.parametrize("by", ["limma", "preprocessCore"])
def test_leukaemia_quantile_normalised_equals_r(real: Answers, by: str) -> None:
    scale.assert_quantile_normalised(real, "X", by)


def test_leukaemia_probes_are_collapsed_as_by_avereps(real: Answers) -> None:
    assert_collapsed(real, "all_bcrabl")


@pytest.mark.parametrize("with_covariates", [False, True])
@pytest.mark.parametrize("name", batch.VARIANTS)
def test_bladder_combat_equals_sva(real: Answers, name: str, with_covariates: bool) -> None:
    batch.assert_combat(real, "bladderbatch", name, with_covariates, n_empirical=300)


def test_bladder_linear_effects_and_components_equal_r(real: Answers) -> None:
    batch.assert_other_batch_effects(real, "bladderbatch")
    batch.assert_principal_components(real, "bladderbatch")


@pytest.mark.parametrize("ontology", ["cc", "mf"])
def test_leukaemia_terms_of_go_equal_r(real: Answers, tmp_path_factory: pytest.TempPathFactory, ontology: str) -> None:
    universe = real.table("ora", "universe")
    genes, query = universe["symbol"].to_list(), universe.filter("is_deg")["symbol"].to_list()
    r = real.table("ora", f"go_{ontology}")
    # The oracle's GMT has only the sets of 10 to 500 genes; its background has the larger ones too. One set that is too
    # large to be tested makes up for them, with as many genes, and as many of the query, as the oracle counted.
    library = read_gmt(real.topics / "ora" / f"go_{ontology}.gmt.gz")
    small = {gene for gene_set in library.sets.values() for gene in gene_set.genes}
    n_query, n_background = r["n_query"][0], r["N"][0]
    root = [gene for gene in query if gene not in small][: n_query - len(small & set(query))]
    others = [gene for gene in genes if gene not in small and gene not in query]
    root += [*small, *others[: n_background - len(small) - len(root)]]
    path = tmp_path_factory.mktemp("go") / "GO.gmt"
    sets = [(term, each.name or "", *each.genes) for term, each in library.sets.items()]
    path.write_text("".join("\t".join(row) + "\n" for row in [*sets, ("ROOT", "", *root)]))
    ours = over_representation(query, genes, read_gmt(path), Enrichment()).sort("term")
    r = r.filter(pl.col("k") > 0).sort("term")
    assert ours["term"].to_list() == r["term"].to_list()
    for count, theirs in (("n_overlap", "k"), ("set_size", "M"), ("n_query", "n_query"), ("n_background", "N")):
        assert ours[count].to_list() == r[theirs].to_list()
    for number, theirs in (("p_value", "p"), ("adj_p_value", "p_adj_hits"), ("odds_ratio", "odds_ratio")):
        assert_allclose(ours[number].to_numpy(), r[theirs].cast(pl.Float64).to_numpy(), rtol=1e-7)
    assert ["/".join(hits) for hits in ours["genes"].to_list()] == r["genes"].to_list()
    assert ours["term_name"].to_list() == r["name"].to_list()


def test_all_4981_processes_of_go_equal_r(real: Answers, tmp_path_factory: pytest.TempPathFactory) -> None:
    r = real.table("ora", "go_bp_nogenes")
    ours = of_counts(r, tmp_path_factory.mktemp("go")).sort("term")
    theirs = r.filter(pl.col("k") > 0).sort("term")
    assert ours["term"].to_list() == theirs["term"].to_list()
    for number, column in (("p_value", "p"), ("adj_p_value", "p_adj_hits")):
        assert_allclose(ours[number].to_numpy(), theirs[column].to_numpy(), rtol=1e-7)


def test_leukaemia_genes_and_p_values_follow_from_t(real: Answers) -> None:
    """The probes of these genes are not kept: of t follows p, with the prior's degrees of freedom as unknown."""
    ranked, universe = real.table("ora", "ranked_all_bcrabl"), real.table("ora", "universe")
    t, p = ranked["t"].to_numpy(), ranked["P.Value"].to_numpy()
    middle = int(np.argsort(np.abs(t))[-50])
    df = root_on_interval(lambda df: float(np.log(two_sided_p(t[[middle]], df)[0] / p[middle])), 60.0, 200.0)
    assert_allclose(two_sided_p(t, df), p, rtol=1e-7)
    statistics = ranked.select(gene=pl.col("entrez").cast(str), log_fc="logFC", p_value="P.Value")
    statistics = statistics.with_columns(adj_p_value=pl.Series(adjust_p_values(p)), t=pl.Series(t))
    chosen = differential_genes(statistics, Differential(log_fc=0.3, p_value=0.01, adjust="none"))
    assert set(chosen["gene"]) == set(universe.filter("is_deg")["entrez"].cast(str))


def test_leukaemia_importance_is_randomforests(real: Answers) -> None:
    theirs = real.table("rf", "all_bcrabl__importance_50seeds").rename({"acc_raw": "accuracy"})
    forest.assert_importance(real.table("rf", "all_bcrabl__input"), LABEL, theirs)


def test_leukaemia_errors_of_forests_are_randomforests(real: Answers) -> None:
    table, fold = real.table("rf", "all_bcrabl__input"), real.table("rf", "all_bcrabl__folds")["fold"].to_numpy()
    forest_errors.assert_errors_in_folds(
        table, LABEL, fold, real.table("rf", "all_bcrabl__cv10_ntree_10seeds"), range(1, 7)
    )
    minima = real.table("rf", "all_bcrabl__argmin_ntree_50seeds")
    out_of_bag = real.table("rf", "all_bcrabl__oob_curve_10seeds")
    forest_errors.assert_errors_out_of_bag(table, LABEL, out_of_bag, minima, range(1, 31))
    forest_errors.assert_errors_of_fewer_genes(
        table, LABEL, real.table("rf", "all_bcrabl__rfcv10_20seeds"), range(1, 6)
    )


def test_curves_equal_proc(real: Answers) -> None:
    inputs = curves.inputs_of(real, {"all_bcrabl": LABEL, "synthetic": "disease"}, "rf")
    assert curves.assert_curves(real, *inputs) == 129
    curves.assert_points_and_paired_tests(real, *inputs)


@pytest.mark.parametrize("name", ["all2", "all5"])
def test_leukaemia_models_equal_rms(real: Answers, name: str) -> None:
    axes = {axis: real.table("nomogram", f"{name}__{axis}_axis") for axis in ("total_points", "lp", "risk")}
    axes = {"total": axes["total_points"], "lp": axes["lp"], "risk": axes["risk"]}
    axes = {
        axis: table.rename({table.columns[0]: "value"}) if axis != "total" else table for axis, table in axes.items()
    }
    assert_nomogram(real, name, LABEL, axes)
    assert_validated(real, name, LABEL)
    assert_net_benefit(real, name)
    logistic.assert_logistic(real, name, LABEL)


def test_leukaemia_model_with_a_spline_equals_lrm(real: Answers) -> None:
    logistic.assert_spline(real, LABEL)


def test_leukaemia_firth_equals_r(real: Answers) -> None:
    assert_firth(real, "all3")


def test_leukaemia_tests_equal_rs(real: Answers) -> None:
    assert_tests(real, "all_bcrabl", LABEL)


def test_gse781_is_read_as_by_geoquery(real: Answers) -> None:
    assert_read_as_geoquery(real, "GSE781-GPL96")
    assert_samples_as_geoquery(real, "GSE781-GPL96")
