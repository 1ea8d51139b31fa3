"""Scripts for other simulators' own Python, that do there what a benchmark does here."""
