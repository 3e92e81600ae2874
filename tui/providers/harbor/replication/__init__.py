"""Harbor's own replication as an engine: the plan goes to the Harbor at one side, and its job service moves the bytes.

    expressible -> policies -> engine (start, follow, stop) -> outcome

`expressible` says what Harbor cannot do of a plan, `policies` puts the rest into its terms, `engine` carries it out
over the REST API, `outcome` says in our words what became of it.
"""
