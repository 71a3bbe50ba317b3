"""kube-scheduler: which node each pod goes to, and the record of why."""

from simulator.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
