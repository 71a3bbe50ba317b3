"""The file that points kubectl at one simulated cluster. The address carries the key, so there is no other credential.

Names are those that `kind` would write.
"""

import yaml


def kubeconfig_text(name: str, server: str, *, namespace: str = "") -> str:
    name = f"kind-{name}"
    context = {"cluster": name, "user": name, **({"namespace": namespace} if namespace else {})}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
        "preferences": {},
    }
    return yaml.safe_dump(document, sort_keys=False)
