"""The guided set-up of a connection: its steps, its pages, and what is known of each identity provider."""
