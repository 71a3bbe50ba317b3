"""What a DELETE asks for: the options of its body, and those of its query for clients that send no body."""

from typing import Any

from simulator.apiserver import errors
from simulator.apiserver.list_options import whole_number
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj
from simulator.machinery.decoding import check
from simulator.machinery.schemas import definition

_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_POLICIES = ("Background", "Foreground", "Orphan")


def delete_options(request: Request) -> Obj:
    """Raises StatusError (400, 422) for options that cannot be meant."""
    options = checked_options(request.body)
    seconds = request.query.get("gracePeriodSeconds", "")
    if seconds:
        options = {**options, "gracePeriodSeconds": whole_number(seconds)}
    for name in ("propagationPolicy",):
        if name in request.query:
            options = {**options, name: request.query[name]}
    _refuse_unknown_policy(options.get("propagationPolicy"))
    if request.query.get("dryRun") == "All":
        options = {**options, "dryRun": ["All"]}
    return options


def checked_options(body: Any) -> Obj:
    """A DeleteOptions object, as a body or inside an Eviction; nothing means no options."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise errors.bad_request("the options of a delete: wanted an object of kind DeleteOptions")
    options, problems = check(body, definition(_DEFINITION))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    if wrong is not None:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {wrong.message}")
    return options


def _refuse_unknown_policy(policy: object) -> None:
    """`apimachinery/pkg/apis/meta/v1/validation: ValidateDeleteOptions`."""
    if policy is not None and policy not in _POLICIES:
        listed = ", ".join(f'"{name}"' for name in (*_POLICIES, "nil"))
        cause = (
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: {listed}',
            "propagationPolicy",
        )
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [cause])
