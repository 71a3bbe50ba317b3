"""Classes: an instructor, a join code, learners, requests for help and hints, and the wall that shows them all."""
