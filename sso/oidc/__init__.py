"""OpenID Connect, the relying party's side. README.md says how it is laid out."""
