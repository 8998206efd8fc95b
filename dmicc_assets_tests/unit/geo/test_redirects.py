"""Redirects stay with the host, its domain or NCBI: a mirror cannot send a download anywhere."""

import httpx2
import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.http.policy import redirected


@pytest.mark.parametrize(
    ("here", "location"),
    [
        ("https://reactome.org/download/current/a.zip", "https://download.reactome.org/current/a.zip"),
        ("https://current.geneontology.org/a.obo", "https://release.geneontology.org/2026-06-19/a.obo"),
        ("https://www.ebi.ac.uk/a", "https://ftp.ebi.ac.uk/a"),
        ("http://maayanlab.cloud/a", "https://maayanlab.cloud/a"),
        ("https://ftp.ncbi.nlm.nih.gov/a", "/b"),
    ],
)
def test_redirects_within_a_domain_are_followed(here: str, location: str) -> None:
    target = redirected(here, httpx2.URL(here), location)
    assert str(target) == str(httpx2.URL(here).join(location))


@pytest.mark.parametrize(
    ("here", "location", "said"),
    [
        ("https://www.ebi.ac.uk/a", "https://www.evil.ac.uk/a", "redirected to www.evil.ac.uk"),
        ("https://reactome.org/a", "https://reactome.org.evil.org/a", "redirected to reactome.org.evil.org"),
        ("http://127.0.0.1:1/a", "https://10.0.0.1/a", "redirected to 10.0.0.1"),
        ("http://reactome.org/a", "http://download.reactome.org/a", "redirected to download.reactome.org"),
        ("https://reactome.org/a", "http://reactome.org/a", "redirected"),
    ],
)
def test_other_redirects_are_refused(here: str, location: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        redirected(here, httpx2.URL(here), location)
