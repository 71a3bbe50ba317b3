"""Machinery of the API: everything that is true of any object, whatever its kind does.

Kinds and schemas, decoding, defaulting and validation, patches, selectors, quantities, tables and the store.
It knows no component and no request: `simulator.apiserver` calls it, nothing here calls back.
"""
