"""A learner's simulated clusters: who owns them, where they run, how commands reach them, what survives a crash."""
