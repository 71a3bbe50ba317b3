"""CEL, the Common Expression Language, as the API server speaks it: read, checked against types, priced and evaluated.

https://kubernetes.io/docs/reference/using-api/cel/; counterparts of google/cel-go and of `apiserver/pkg/cel` (1.33). `programs.py` is the door.
"""
