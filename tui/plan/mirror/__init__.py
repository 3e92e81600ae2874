"""Mirror mode: which tags at a target a plan once made from source tags that are gone, and the file to review them."""
