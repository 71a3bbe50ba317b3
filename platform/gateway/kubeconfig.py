"""The file that points kubectl at one simulated cluster. The address carries the key, so there is no other credential."""

import yaml


def kubeconfig_text(name: str, server: str, *, namespace: str = "") -> str:
    context = {"cluster": name, "user": f"{name}-admin", **({"namespace": namespace} if namespace else {})}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": f"{name}-admin", "user": {}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
        "preferences": {},
    }
    return yaml.safe_dump(document, sort_keys=False)
