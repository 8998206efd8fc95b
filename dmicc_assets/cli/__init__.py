"""The `dmicc` command: arguments in, tables and exit status out."""
