"""*Sign-in problems*: what managers see of refused sign-ins."""
