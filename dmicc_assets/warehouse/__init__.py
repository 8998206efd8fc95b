"""The DuckDB file that users query, with views over the lake. It only reads the lake."""
