"""What the tests of the sessions pages share."""

import re

from django.http import HttpResponse

SESSIONS = "/orgs/acme/settings/sessions/"
POLICY = f"{SESSIONS}policy/"
END = f"{SESSIONS}end/"
END_ALL = f"{SESSIONS}end-all/"


def words(response: HttpResponse) -> str:
    """What the page says, in one line."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode().split("<main", 1)[1])
    return re.sub(r"\s+", " ", text.replace("&#x27;", "'"))


def hidden(response: HttpResponse) -> dict[str, str]:
    """The hidden fields of the confirmation, as a browser would post them."""
    fields = dict(re.findall(r'<input type="hidden" name="(?!csrf)(\w+)" value="([^"]*)"', response.content.decode()))
    assert "plan" in fields, "no confirmation on this page"
    return fields


def lets_in(browser, slug="acme") -> bool:
    """Whether the door of this organization opens to the browser: a member without the role gets that far, too."""
    answer = browser.get(f"/orgs/{slug}/settings/identity/")
    if answer.status_code == 302:
        assert answer["Location"].startswith("/login/"), answer["Location"]
        return False
    return answer.status_code in {200, 403}
