"""Programs that do what no test should, run as a user runs them."""
