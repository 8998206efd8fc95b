"""Statistics equal to R's, from the papers: linear models, multiplicity, ROC, logistic models. No I/O, no dagster."""
