"""Images and how their processes behave: names, registries, start commands, logs, answers, memory.

Everything here is data and pure functions of it; when something happens is decided by `simulator.node`.
"""
