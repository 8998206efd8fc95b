"""A cohort as a file of AnnData: read back with its values, its tests and its missing texts."""

from pathlib import Path

import anndata
import numpy as np
import pytest

from dmicc_assets.errors import RequestError
from dmicc_assets.export import anndata as exported
from dmicc_assets_tests.worlds.simulated_lake import filled_tables


def test_a_cohort_is_read_back_as_it_is(tmp_path: Path) -> None:
    results = filled_tables()
    files = list(exported.write_cohort_files(results, tmp_path / "cohorts"))
    assert [file.path for file in files] == ["cohorts/a.h5ad", "cohorts/b.h5ad"]
    for cohort in ("a", "b"):
        read = anndata.read_h5ad(tmp_path / f"cohorts/{cohort}.h5ad")
        adjusted, merged = results.cohort(cohort).matrix, results.cohort(cohort, "value").matrix
        assert (tuple(read.obs_names), tuple(read.var_names)) == (adjusted.samples, adjusted.features)
        np.testing.assert_array_equal(np.asarray(read.X), adjusted.values.T)
        if np.array_equal(adjusted.values, merged.values, equal_nan=True):
            assert "value" not in read.layers
        else:
            np.testing.assert_array_equal(np.asarray(read.layers["value"]), merged.values.T)
        samples = results.rows("cohort/samples", cohort=cohort)
        assert dict(read.obs["dataset"]) == dict(samples.select("sample", "dataset").iter_rows())
        assert read.obs["patient"].isna().sum() == samples["patient"].null_count()
        assert read.uns["cohort"] == cohort


def test_without_anndata_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match=r"pip install 'dmicc_assets\[anndata\]'"):
        exported.refuse_without_anndata()
