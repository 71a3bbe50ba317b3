"""Settings of the cluster hosts, the bus and Celery. Imported last by `base`."""
