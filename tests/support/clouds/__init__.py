"""Stand-ins for clouds that cannot be reached from a test: their API, and their registry before a real docker-registry.

They hold every request against what the vendors document, and keep a list of complaints that must stay empty.
"""
