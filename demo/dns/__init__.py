"""The demo's name server: dnspython writes and reads the messages, what they say is decided here."""
