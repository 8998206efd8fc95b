"""R's answers on real data, which stay outside of the project: run by `make test-real`."""
