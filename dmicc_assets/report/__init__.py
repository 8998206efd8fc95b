"""What a person reads: figures and the HTML report, drawn from the tables of a study."""
