"""Admission plugins: what the API server adds to, or holds against, an object that somebody may write.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/. One module a plugin, each a few functions over the
store; `chain.py` calls them in upstream's order. Every check begins with the question whether there is anything to check
against, so a namespace without policy pays a dictionary look-up.
"""
