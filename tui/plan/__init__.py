"""What to copy where: rules, selection, naming and their files. Pure, without network."""
