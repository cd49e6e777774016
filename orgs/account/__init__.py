"""The pages of a person's own account: password, address, sessions, what they had typed before a sign-in.

Here and not in `accounts`, because which proof opens them is asked through this app's guards (spec 6.3).
"""
