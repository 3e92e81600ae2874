"""A stand-in for Harbor, in front of a real docker-registry: its REST API 2.0 or 1.10, its token service, replication.

It holds every request against what Harbor takes, and keeps what it did not like as `complaints`.
"""
