"""A run whose bytes a Harbor moves: generate as always, then its replication in the place of our own copies.

    site (the Harbor, what it can carry out) -> batches (policies) -> carrying (start, follow, stop, outcome)

What Harbor cannot express of a plan our own engine copies in the same run.
"""
