"""API keys from the command line: created once, seen in lists without their text, refused after revocation."""

import subprocess
from pathlib import Path

from tests.system import MIA, environment


def mia(tmp_path: Path, backing: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MIA, "keys", *arguments, "--data", str(tmp_path)],
        env={**environment(backing), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_key_is_created_listed_and_revoked(tmp_path: Path, backing_environment: dict[str, str]) -> None:
    created = mia(tmp_path, backing_environment, "create", "desk", "--scope", "write", "--days", "30")
    text = created.stdout.strip().splitlines()[-1]
    key_id = text.split("_")[1]

    listed = mia(tmp_path, backing_environment, "list")
    revoked = mia(tmp_path, backing_environment, "revoke", key_id)
    again = mia(tmp_path, backing_environment, "revoke", key_id)

    assert created.returncode == 0, created.stderr
    assert text.startswith("mia_")
    assert key_id in listed.stdout
    assert text not in listed.stdout
    assert "news_ingestion, nlp, market_impact, alerts" in revoked.stdout
    assert again.returncode == 1
