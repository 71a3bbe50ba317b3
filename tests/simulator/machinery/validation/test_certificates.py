"""What is refused of signing requests, word for word after `pkg/apis/certificates/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery.validation.certificates import validate_conditions, validate_request

Obj = dict[str, Any]
PEM = "spec.request: Invalid value: []byte(nil): PEM block type must be CERTIFICATE REQUEST"
SIGNER = "example.com/people"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"usages": []}, "spec.usages: Required value: usages must be provided", id="no usages"),
        pytest.param({"usages": ["signing"] * 2}, 'spec.usages[1]: Duplicate value: "signing"', id="a usage twice"),
        pytest.param(
            {"usages": ["fun"]},
            'spec.usages[0]: Unsupported value: "fun": supported values: "any", "cert sign", "client auth", '
            '"code signing", "content commitment", "crl sign", "data encipherment", "decipher only", '
            '"digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", '
            '"ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", '
            '"s/mime", "server auth", "signing", "timestamping"',
            id="an unknown usage",
        ),
        pytest.param(
            {"signerName": ""}, "spec.signerName: Required value: signerName must be provided", id="no signer"
        ),
        pytest.param(
            {"signerName": "people"},
            'spec.signerName: Invalid value: "people": must be a fully qualified domain and path of the form '
            "'example.com/signer-name'",
            id="a signer without a path",
        ),
        pytest.param(
            {"signerName": "local/people"},
            'spec.signerName: Invalid value: "local": should be a domain with at least two segments separated by dots',
            id="a signer without a domain",
        ),
        pytest.param(
            {"signerName": "kubernetes.io/legacy-unknown"},
            'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via '
            "this API version",
            id="the signer of old",
        ),
        pytest.param(
            {"expirationSeconds": 599},
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
            id="a short life",
        ),
    ],
)
def test_a_request_that_is_refused(change: Obj, says: str) -> None:
    found = validate_request({"usages": ["client auth"], "signerName": SIGNER, **change})
    assert [str(error) for error in found] == [PEM, says]


def condition(kind: str, status: str = "True") -> Obj:
    return {"type": kind, "status": status}


@pytest.mark.parametrize(
    ("given", "before", "says"),
    [
        pytest.param([condition("Approved")], [], [], id="approved"),
        pytest.param(
            [condition("Approved"), condition("Denied")],
            [],
            [
                'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually '
                "exclusive"
            ],
            id="approved and denied",
        ),
        pytest.param(
            [condition("Approved", "False")],
            [],
            ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
            id="a verdict that is none",
        ),
        pytest.param(
            [condition("Approved")] * 2,
            [],
            ['status.conditions[1].type: Duplicate value: "Approved"'],
            id="a verdict twice",
        ),
        pytest.param(
            [],
            ["Denied"],
            ['status.conditions: Forbidden: updates may not remove a condition of type "Denied"'],
            id="a verdict that is taken back",
        ),
    ],
)
def test_verdicts(given: list[Obj], before: list[str], says: list[str]) -> None:
    assert [str(error) for error in validate_conditions(given, before)] == says
