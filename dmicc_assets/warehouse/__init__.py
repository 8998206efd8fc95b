"""The DuckDB file that users query: made of views over the lake, queried, described. It only reads the lake."""
