"""The pages of sessions: the parent's session policy, who is signed in, and ending it."""
