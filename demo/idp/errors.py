"""What the identity provider refuses by a page of its own, since the application can't be trusted with an answer."""


class RequestRefused(Exception):
    """`str(error)` is the sentence for the person in front of the page."""
