"""The registry protocol in the words of the OCI distribution specification."""
