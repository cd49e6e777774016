"""The demo's identity provider: its own keys, people and groups. Never part of production settings."""
