"""Hostile and broken files by the page and the worker: each refused, in little memory, in words that a person understands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from access.tenancy import client_scope
from accounting.models import Customer, ImportRun
from tests.accounting.hostile_files import hostile_files

ROOT = Path(__file__).resolve().parent.parent.parent
MOST = 300  # megabytes resident, Django included


@pytest.mark.django_db(transaction=True)
def test_each_is_refused_in_little_memory_with_words(make_client, make_member, tmp_path):
    company = make_client()
    make_member(company, "rita", "regnskapsforer")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    wanted = {"over-the-limit": "Filene er større enn 300 MB", "far-over": "Filene er større enn 300 MB"}
    for name, content, say in hostile_files():
        (corpus / name).write_bytes(content)
        wanted[name] = say
    login, folder = connection.settings_dict, tmp_path / "uploads"
    address = f"postgresql://{login['USER']}@{login['HOST'].replace('/', '%2F')}/{login['NAME']}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.accounting.hostile_runner", "rita", str(corpus)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"DATABASE_URL": address, "UPLOAD_DIR": str(folder)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for one in told:
        print(
            f"{one['name']:22} {one['status']:10} {one['seconds']:6.2f} s, {one['cpu']:5.2f} of it working {one['peak']:5} MB"
        )
    assert {one["name"] for one in told} == wanted.keys()
    assert {one["name"]: one["status"] for one in told if one["status"] not in ("refused", "not taken")} == {}
    assert {one["name"]: one["peak"] for one in told if one["peak"] >= MOST} == {}
    for one in told:
        assert wanted[one["name"]].lower() in one["said"].lower(), one
        assert "Traceback" not in one["said"]
        assert "root:" not in one["said"]
    assert [one for one in folder.rglob("*") if one.is_file()] == []
    with client_scope(company):
        assert not Customer.objects.for_client(company).exists()
        assert not ImportRun.objects.for_client(company).filter(status="done").exists()
