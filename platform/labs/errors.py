"""Refusals of the labs app."""

from foundation.errors import ApplicationError, Conflict, Forbidden, NotFound, TooMany


class NoSuchCluster(NotFound):
    """There is no such cluster, or not for this person."""


class NotYours(Forbidden):
    """The person may look, but not act."""


class TooManyClusters(TooMany):
    """The quota is used up."""

    code = "QuotaExceeded"


class BadConfig(ApplicationError):
    """The description of a cluster cannot be used; `extra["line"]` is the line of the mistake, where known."""

    code = "BadConfig"


class NoSuchTemplate(ApplicationError):
    """A template was asked for that does not exist."""

    code = "BadTemplate"


class Overtaken(Conflict):
    """The cluster went on while something was prepared for it; it can be asked for again."""

    code = "Overtaken"


class Unshareable(Conflict):
    """A moment that cannot be written into a link."""

    code = "Unshareable"
