"""The stream of changes from simulated clusters to browsers."""
