"""Gateway API (https://gateway-api.sigs.k8s.io/): the kinds, and a controller that gives every Gateway a data plane of its own.

The kinds follow kubernetes-sigs/gateway-api; the controller behaves and speaks like NGINX Gateway Fabric.
"""
