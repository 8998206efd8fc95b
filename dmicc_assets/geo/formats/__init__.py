"""The file formats of GEO, Xena and users' own matrices. Which files make a dataset is decided in `geo/sources.py`."""
