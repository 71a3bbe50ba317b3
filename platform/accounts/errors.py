"""What accounts refuse, in words for the person who asked."""

from foundation.errors import Conflict


class NotAGuest(Conflict):
    """Only a guest can be turned into an account or merged into one."""

    code = "NotAGuest"
