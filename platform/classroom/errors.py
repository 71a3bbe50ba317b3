"""What classes refuse, in words for learners and instructors."""

from foundation.errors import ApplicationError, Conflict, Forbidden, NotFound


class NoSuchClass(NotFound):
    """No class with that code or address, or not for this person to know."""

    code = "NoSuchClass"


class NotTheInstructor(Forbidden):
    """Only the instructor of a class may do that."""

    code = "NotTheInstructor"


class ClassClosed(Conflict):
    """The class is over."""

    code = "ClassClosed"


class GuestsNotAllowed(Forbidden):
    """This class is for accounts only."""

    code = "GuestsNotAllowed"


class NotAMember(NotFound):
    """The person, or the cluster, is in no such class."""

    code = "NotAMember"


class NoSuchStep(NotFound):
    """The lesson has no such step, or its solution does not lead there."""

    code = "NoSuchStep"


class NotYourCluster(Forbidden):
    """One presents a cluster of one's own."""

    code = "NotYourCluster"


class EmptyText(ApplicationError):
    """Something to say was wanted."""

    code = "EmptyText"


class NoSuchImage(NotFound):
    """No image of one's own under that address."""

    code = "NoSuchImage"


class TooManyImages(Conflict):
    """As many images of one's own as one may have."""

    code = "TooManyImages"
