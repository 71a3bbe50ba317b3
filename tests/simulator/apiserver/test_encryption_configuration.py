"""What an EncryptionConfiguration may say: every finding of Kubernetes' own validation, word for word.

https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/; `apiserver/pkg/apis/apiserver/validation/validation_encryption.go` (1.33).
"""

import json
from base64 import b64encode
from typing import Any

import pytest

from simulator.apiserver.encryption import EncryptionError, read_configuration
from tests.proof.follows import follows

Obj = dict[str, Any]
KEY = {"name": "key1", "secret": b64encode(b"0" * 32).decode()}
AES: Obj = {"aescbc": {"keys": [KEY]}}
KMS: Obj = {"apiVersion": "v2", "name": "vault", "endpoint": "unix:///tmp/vault.sock"}


def said(*entries: Obj) -> str:
    text = json.dumps(
        {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": list(entries)}
    )
    try:
        read_configuration(text)
    except EncryptionError as error:
        return str(error)
    return ""


def rule(*providers: Any, resources: tuple[str, ...] = ("secrets",)) -> Obj:
    return {"resources": list(resources), "providers": list(providers or (AES,))}


P, R = "resources[0].providers", "resources[0].resources"
STRUCT = "Invalid value: apiserver.ProviderConfiguration{…}: "
MASKED = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked"


@follows(
    "Encryption at rest",
    "staging/src/k8s.io/apiserver/pkg/apis/apiserver/validation/validation_encryption_test.go: TestStructure, TestKey, TestKMSEndpoint, TestKMSProviderName, TestKMSProviderAPIVersion",
)
@pytest.mark.parametrize(
    ("entries", "says"),
    [
        pytest.param([], "resources: Required value: at least one resources is required", id="nothing"),
        pytest.param([rule(resources=())], f"{R}: Required value: at least one {R} is required", id="no resources"),
        pytest.param([{"resources": ["secrets"]}], f"{P}: Required value: at least one {P} is required", id="no providers"),
        pytest.param([rule({"rot13": {}})], f"{P}[0]: {STRUCT}provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity", id="an unknown provider"),
        pytest.param([rule({**AES, "identity": {}})], f"{P}[0]: {STRUCT}more than one provider specified in a single element, should split into different list elements", id="two in one"),
        pytest.param([rule({"aesgcm": {}})], f"{P}[0].aesgcm.keys: Required value: at least one keys is required", id="no keys"),
        pytest.param([rule({"aescbc": {"keys": [{"secret": KEY["secret"]}]}})], f"{P}[0].aescbc.keys[0].name: Required value: name is a mandatory field for a key", id="a key without a name"),
        pytest.param([rule({"aescbc": {"keys": [{"name": "k"}]}})], f"{P}[0].aescbc.keys[0].secret: Required value: secret is a mandatory field for a key", id="a key without a secret"),
        pytest.param([rule({"aescbc": {"keys": [{"name": "k", "secret": "just a passphrase"}]}})], f'{P}[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded', id="no base64"),
        pytest.param([rule({"aescbc": {"keys": [{"name": "k", "secret": b64encode(b"short").decode()}]}})],
                     f'{P}[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]', id="a short key"),
        pytest.param([rule({"secretbox": {"keys": [{"name": "k", "secret": b64encode(b"0" * 16).decode()}]}})],
                     f'{P}[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]', id="a short key for secretbox"),
        pytest.param([rule(resources=("Secrets",))], f'{R}[0]: Invalid value: "Secrets": resource name should not contain capital letters', id="capitals"),
        pytest.param([rule(resources=("*",))], f"{R}[0]: Invalid value: \"*\": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources", id="a star"),
        pytest.param([rule(resources=("apiserveripinfo",))], f'{R}[0]: Invalid value: "apiserveripinfo": resources which do not have REST API/s cannot be encrypted', id="no REST API"),
        pytest.param([rule(resources=("events.events.k8s.io",))],
                     f"{R}[0]: Invalid value: \"events.events.k8s.io\": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file", id="events"),
        pytest.param([rule(resources=("deployments.extensions",))], f"{R}[0]: Invalid value: \"deployments.extensions\": 'extensions' group has been removed and cannot be used for encryption", id="extensions"),
        pytest.param([rule(resources=("secrets.*",))], f'{R}[0]: Invalid value: "secrets.*": encrypting the same resource across groups is not supported', id="across groups"),
        pytest.param([rule(resources=("secrets", "secrets"))], f'{R}: Invalid value: []string{{"secrets", "secrets"}}: the same resource cannot be specified multiple times', id="twice"),
        pytest.param([rule(resources=("secrets", "*."))], f'{R}: Invalid value: []string{{"secrets", "*."}}: {MASKED}', id="masked"),
        pytest.param([rule(resources=("secrets", "*.*"))], f'{R}: Invalid value: []string{{"secrets", "*.*"}}: {MASKED}', id="masked by all"),
        pytest.param([rule(resources=("*.apps", "secrets"))], "", id="groups apart"),
        pytest.param([rule({"kms": {**KMS, "name": ""}})], f"{P}[0].kms.name: Required value: name is a mandatory field for a provider", id="a vault without a name"),
        pytest.param([rule({"kms": {**KMS, "name": "a:b"}})], f"{P}[0].kms.name: Invalid value: \"a:b\": invalid KMS provider name a:b, must not contain ':'", id="a colon"),
        pytest.param([rule({"kms": KMS}, {"kms": KMS})], f'{P}[1].kms.name: Invalid value: "vault": duplicate KMS provider name vault, names must be unique', id="two of one name"),
        pytest.param([rule({"kms": {**KMS, "endpoint": "http://x"}})], f'{P}[0].kms.endpoint: Invalid value: "http://x": unsupported scheme "http" for KMS provider, only unix is supported', id="another scheme"),
        pytest.param([rule({"kms": {**KMS, "cachesize": 5}})], f"{P}[0].kms.cachesize: Invalid value: 5: cachesize is not supported in v2", id="a cache in v2"),
        pytest.param([rule({"kms": KMS}, AES, {"identity": {}})], "", id="good"),
        pytest.param([rule({"aesgcm": {}}, {"aescbc": {}})],
                     f"[{P}[0].aesgcm.keys: Required value: at least one keys is required, {P}[1].aescbc.keys: Required value: at least one keys is required]", id="several"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_configuration(entries: list[Obj], says: str) -> None:
    assert said(*entries) == says
