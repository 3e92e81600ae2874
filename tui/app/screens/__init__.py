"""The places of the app, one file each; a screen owns its behaviour, the app only switches between them."""
