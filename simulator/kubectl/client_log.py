"""The client's own log (`kubectl -v=6`): one line an answer, as klog and client-go write it.

https://kubernetes.io/docs/reference/kubectl/quick-reference/#kubectl-output-verbosity-and-debugging; `client-go/transport/round_trippers.go`.
The time is the cluster's; how long an answer took is made up from its address, because asking takes no simulated time.
"""

from datetime import UTC, datetime
from http import HTTPStatus

#: From this level on (`-v`) answers are told.
ANSWERS = 6
_PROCESS = 4242


def answered(now_us: int, method: str, url: str, status: int) -> str:
    moment = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    stamp = f"{moment:%m%d %H:%M:%S}.{now_us % 1_000_000:06d}"
    took = 2 + sum(url.encode()) % 9
    words = f"{status} {HTTPStatus(status).phrase}"
    head = f"I{stamp} {_PROCESS:>7} round_trippers.go:632]"
    return f'{head} "Response" verb="{method}" url="{url}" status="{words}" milliseconds={took}\n'
