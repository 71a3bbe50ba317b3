"""Who may do what: role-based access control as the API server's authorizer.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/. Components inside the cluster write through the registry and are never
asked; of the people, whoever holds the administrator's groups is let through by a look at two strings.
"""
