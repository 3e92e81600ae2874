"""Tencent Container Registry: the cloud's API beside the registry API."""
