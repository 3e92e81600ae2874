"""Alibaba Cloud Container Registry: its API beside the registry API, for both editions."""
