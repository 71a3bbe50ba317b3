"""Settings by surroundings: `local` (a laptop), `production` (a fleet), `test`. All three stand on `base`."""
