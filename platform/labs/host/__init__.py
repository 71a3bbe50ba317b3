"""Cluster hosts: many simulated clusters in memory, each owned by one host at a time.

`ClusterHost` is the whole of it for others; `labs.host.thread` runs one in a thread of its own.
"""
