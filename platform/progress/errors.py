"""What progress refuses."""

from foundation.errors import ApplicationError, Conflict, NotFound


class NoLessonHere(NotFound):
    """The cluster carries no lesson, or the lesson has no such step or question."""

    code = "NoLessonHere"


class AlreadyPredicted(Conflict):
    """A prediction counts once."""

    code = "AlreadyPredicted"


class NotAnOption(ApplicationError):
    """The option is none of those offered."""

    code = "NotAnOption"
