"""A laptop: one process tree on 127.0.0.1, everything under `DRYDOCK_DATA`. `DRYDOCK_DEBUG=1` shows Django's own pages."""

from . import environment
from .base import *

DEBUG = environment.switch("DRYDOCK_DEBUG", default=False)
