"""The journal of a run: one SQLite file, one writer, any number of readers.

A row may lag behind what really happened and never runs ahead of it. Every changed row carries a growing `revision`,
so that a reader asks only for what changed since it last looked.
"""
