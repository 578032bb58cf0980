"""Cassettes that are not in the tree: objects of a store, named by digests; `cassettes.lock` says which is which.

`lock_file` is that file, `objects` the names, `cache` what this machine has of the store, `remote` the way to it by
fsspec, and `store` the three together: where a cassette is read, fetched only if it is missing.
"""
