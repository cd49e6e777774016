"""Write tests/testdata/saml/<case>/ anew: `python -m tests.idp.write_testdata`, from the project's folder.

RSA signatures and all IDs are the same each time, so an unchanged case makes an unchanged file; ECDSA ones differ.
"""

import json
import shutil

from tests.idp.attacks import all_cases
from tests.idp.scenario import ACS, IDP, NOW, REQUEST, SP, TESTDATA


def write_all() -> None:
    for folder in TESTDATA.iterdir():
        if folder.is_dir() and (folder / "params.json").exists():
            shutil.rmtree(folder)
    for case in all_cases():
        folder = TESTDATA / case.name
        folder.mkdir()
        (folder / "response.xml").write_bytes(case.xml)
        params = {
            "rule": case.rule,
            "why": case.why,
            "expected": case.expected,
            "subject": case.subject,
            "now": NOW.isoformat(),
            "idp_entity_id": IDP,
            "sp_entity_id": SP,
            "acs_url": ACS,
            "request_id": REQUEST,
            "certificate": "identity_provider",
        } | case.params
        (folder / "params.json").write_text(json.dumps(params, indent=2) + "\n")


if __name__ == "__main__":
    write_all()
