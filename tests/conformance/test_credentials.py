"""sig-auth: signing requests, and the tokens of service accounts in pods."""

from base64 import b64encode
from typing import Any

from simulator.machinery.certificates import made_request
from tests.conformance.conftest import AGNHOST, BUSYBOX, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
