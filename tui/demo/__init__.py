"""An embedded OCI registry on loopback and the sample images in it."""
