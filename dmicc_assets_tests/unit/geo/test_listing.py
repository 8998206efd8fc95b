from dmicc_assets.geo.http.listing import parse_listing

NCBI = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><head><title>Index of /geo/series</title></head>
<body><h1>Index of /geo/series/GSE14nnn/GSE14520/matrix</h1>
<pre>Name          Last modified      Size  <hr><a href="/geo/series/GSE14nnn/GSE14520/">Parent Directory</a>  -
<a href="GSE14520-GPL3921_series_matrix.txt.gz">GSE14520-GPL3921_series_matrix.txt.gz</a>  2021-05-05 10:11   51M
<A HREF="GSE14520-GPL571_series_matrix.txt.gz">GSE14520-GPL571_series_m..&gt;</A>  2021-05-05 10:11  2.1M
<a href="old/">old/</a> <a href="?C=N;O=D">Name</a> <a href="../">up</a> <a href="a%20b/..%2f..%2fetc">x</a>
<hr></pre><a href="https://www.hhs.gov/">HHS</a> <a href="mailto:geo@ncbi.nlm.nih.gov">mail</a></body></html>"""


def test_names_of_a_folder_and_nothing_that_leads_elsewhere() -> None:
    assert parse_listing(NCBI) == [
        "GSE14520-GPL3921_series_matrix.txt.gz",
        "GSE14520-GPL571_series_matrix.txt.gz",
        "old/",
    ]


def test_a_page_without_links_is_an_empty_folder() -> None:
    assert parse_listing("<html>nothing</html>") == []
