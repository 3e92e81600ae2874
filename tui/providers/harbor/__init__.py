"""Harbor: what it holds, what it needs before a push, and its own replication as an engine.

    client -> source, target, replication

`client` speaks to one Harbor's REST API, version 2.0 (Harbor 2.x) or the one before it (Harbor 1.8 to 1.10); what it
cannot say is asked of the registry API. Facts: Harbor's swagger file and its source, 1.8 to 2.15.
"""
