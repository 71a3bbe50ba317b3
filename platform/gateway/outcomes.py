"""The Status that closes a stream of exec or attach: `kubelet/pkg/cri/streaming/remotecommand`."""

from typing import Any


def outcome(status: int) -> dict[str, Any]:
    """An exit code travels as a cause."""
    if status == 0:
        return {"metadata": {}, "status": "Success"}
    message = f"command terminated with non-zero exit code: command terminated with exit code {status}"
    causes = [{"reason": "ExitCode", "message": str(status)}]
    return {**failed(message), "reason": "NonZeroExitCode", "details": {"causes": causes}}


def refused(why: str) -> dict[str, Any]:
    """A command that did not start is the node's failure, not an exit code."""
    status = {**failed(f"Internal error occurred: {why}"), "reason": "InternalError", "code": 500}
    return {**status, "details": {"causes": [{"message": why}]}}


def failed(message: str) -> dict[str, Any]:
    return {"metadata": {}, "status": "Failure", "message": message}
