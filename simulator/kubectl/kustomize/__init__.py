"""`kubectl kustomize`: kustomization directories turned into objects, as Kustomize v5.6 (the one inside kubectl 1.33) does.

Read `build.py` first: it goes through a kustomization in Kustomize's own order. Each other room does one step of it.
"""
