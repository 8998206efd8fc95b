"""Addresses of GEO, NCBI Gene and the Xena hub unless a setting says otherwise, and how fast they may be asked.

Which variables replace them is in `settings.py`; this module imports nothing, so that clients need no settings.
"""

GEO_URL = "https://ftp.ncbi.nlm.nih.gov/geo"
GEO_ACC_URL = "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi"
GENE_URL = "https://ftp.ncbi.nlm.nih.gov/gene/DATA"
XENA_URL = "https://tcga-xena-hub.s3.us-east-1.amazonaws.com/download"
REQUESTS_PER_SECOND = 3.0  # to one host: NCBI's rule
