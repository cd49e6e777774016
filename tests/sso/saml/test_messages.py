"""Every message of tests/testdata/saml, judged as its params.json says. tests/idp/attacks.py says how each was made."""

import base64
import json
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from sso.saml import signatures
from sso.saml.errors import CHECKS, AssertionRejected
from sso.saml.responses import ResponseTrust, read_response
from tests.idp.attacks import all_cases
from tests.idp.scenario import KEYS, TESTDATA

FOLDERS = sorted(path.parent for path in TESTDATA.glob("*/params.json"))


def load(folder: Path) -> tuple[str, dict[str, str], ResponseTrust]:
    params = json.loads((folder / "params.json").read_text())
    trust = ResponseTrust(
        cache_key=folder.name,
        idp_entity_id=params["idp_entity_id"],
        sp_entity_id=params["sp_entity_id"],
        acs_url=params["acs_url"],
        certificates=((KEYS / f"{params['certificate']}.crt.pem").read_text(),),
    )
    return base64.b64encode((folder / "response.xml").read_bytes()).decode(), params, trust


def name_of(folder: Path) -> str:
    rule = json.loads((folder / "params.json").read_text())["rule"]
    return f"{rule.lower()}_{folder.name}"


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_message_is_judged_as_its_params_say(folder: Path) -> None:
    encoded, params, trust = load(folder)
    now = datetime.fromisoformat(params["now"])

    if params["expected"] == "accepted":
        assertion = read_response(encoded, trust=trust, request_id=params["request_id"], now=now)
        assert (assertion.name_id.value if assertion.name_id else "") == params["subject"]
        assert assertion.attributes["email"] == ("bob@northwind.example",)
    else:
        with pytest.raises(AssertionRejected) as refusal:
            read_response(encoded, trust=trust, request_id=params["request_id"], now=now)
        assert refusal.value.code == params["expected"]
        assert refusal.value.check in CHECKS
        assert refusal.value.message_text
        assert refusal.value.remedy_text


@pytest.mark.parametrize(
    "folder",
    [folder for folder in FOLDERS if json.loads((folder / "params.json").read_text())["rule"] == "R49"],
    ids=name_of,
)
def test_r49_a_costly_message_is_refused_before_any_signature_is_looked_at(folder: Path) -> None:
    encoded, params, trust = load(folder)
    now = datetime.fromisoformat(params["now"])

    with (
        patch.object(signatures, "canonicalize") as canonicalize,
        patch("sso.saml.responses.verify_signature") as verify,
        patch("sso.saml.responses.require_toolkit_acceptance") as toolkit,
        pytest.raises(AssertionRejected),
    ):
        read_response(encoded, trust=trust, request_id=params["request_id"], now=now)

    assert not canonicalize.called
    assert not verify.called
    assert not toolkit.called


def test_the_files_are_those_that_the_cases_make() -> None:
    names = [case.name for case in all_cases()]

    assert len(names) == len(set(names))
    assert set(names) == {folder.name for folder in FOLDERS}
