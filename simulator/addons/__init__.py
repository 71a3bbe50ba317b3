"""Add-ons: controllers that a cluster does not have until somebody installs them, each in a pod of its own.

Nothing here costs a cluster anything that does not use it: their processes hear nothing until a Deployment runs their image.
"""
