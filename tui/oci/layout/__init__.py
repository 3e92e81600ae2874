"""OCI image layouts on a disk (OCI image specification, "OCI Image Layout"): read, written, packed into tars."""
