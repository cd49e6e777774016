"""A browser in words, from what it says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.devices import describe_device

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome on Windows"),
        (f"{MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 Version/17.5 Safari/605.1", "Safari on macOS"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        (f"{MOZILLA} (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) FxiOS/127.0 Safari/605.1", "Firefox on iPhone"),
        ("curl/8.5.0", "A browser we don't know"),
        ("", "A browser we don't know"),
    ],
)
def test_the_usual_browsers_are_called_by_their_names(user_agent: str, words: str) -> None:
    assert describe_device(user_agent) == words


@given(st.text(max_size=256))
def test_whatever_a_browser_says_of_itself_never_stands_in_the_words(user_agent: str) -> None:
    assert describe_device(user_agent).replace(" on ", "").isascii()
