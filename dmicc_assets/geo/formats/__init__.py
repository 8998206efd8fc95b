"""The file formats of GEO, Xena and users' own matrices. What a dataset is made of is decided above."""
