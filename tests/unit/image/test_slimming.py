"""What an image leaves out, and that what is left still loads."""

import os
import py_compile
import shutil
import subprocess
import sys
from importlib.util import cache_from_source, find_spec
from pathlib import Path

import pytest

from image.slimming import ROOT, drop_symbols, freeze_bytecode, needed_distributions, remove_unused_files


@pytest.mark.parametrize(
    ("service", "needed", "unneeded"),
    [
        ("nlp", {"onnxruntime", "tokenizers", "numpy", "alembic"}, {"huggingface-hub", "hf-xet", "fsspec", "scipy"}),
        ("market_impact", {"scipy", "matplotlib", "pandas"}, {"onnxruntime", "feedparser", "scikit-learn"}),
        ("alerts", {"httpcore", "pyjwt", "alembic"}, {"numpy", "huggingface-hub", "pytest"}),
        ("news_ingestion", {"feedparser", "chardet", "lxml"}, {"onnxruntime", "pip", "setuptools"}),
    ],
)
def test_a_service_needs_its_own_requirements_and_theirs(service: str, needed: set[str], unneeded: set[str]) -> None:
    found = needed_distributions(ROOT, service)

    assert needed | {ROOT, "fastapi", "starlette", "pydantic-core"} <= found
    assert found.isdisjoint(unneeded)


@pytest.mark.parametrize(("service", "keeps_models"), [("nlp", True), ("alerts", False)])
def test_tests_second_copies_and_the_models_of_others_go_and_the_rest_stays(
    tmp_path: Path, service: str, keeps_models: bool
) -> None:
    kept = ["numpy/testing/__init__.py", "onnxruntime/capi/state.so", "nlp/tests.py"]
    models = ["nlp/artefacts/manifest.json"]
    gone = ["numpy/tests/test_x.py", "numpy/linalg/tests/y.py", "onnxruntime/capi/libonnxruntime.so.1.2.3"]
    for name in [*kept, *models, *gone]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    remove_unused_files(tmp_path, service)

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*kept, *(models if keeps_models else ())}


@pytest.mark.parametrize(("package", "at_least"), [("asyncpg", 5_000_000), ("numpy", 100_000)])
def test_libraries_without_symbols_are_smaller_and_load(tmp_path: Path, package: str, at_least: int) -> None:
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    for name in (package, f"{package}.libs"):
        if (folder.parent / name).is_dir():
            shutil.copytree(
                folder.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("tests", "__pycache__")
            )

    dropped = [drop_symbols(library) for library in tmp_path.rglob("*.so*")]
    again = [drop_symbols(library) for library in tmp_path.rglob("*.so*")]
    code = f"import {package} as one; assert one.__file__.startswith({str(tmp_path)!r}), one.__file__"
    if package == "numpy":
        code += "; import numpy.random; assert abs(one.linalg.det(one.eye(5) * 2) - 32) < 1e-9"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert sum(dropped) > at_least
    assert set(again) == {0}
    assert loaded.returncode == 0, loaded.stderr


def test_what_is_no_library_is_left_alone(tmp_path: Path) -> None:
    script = tmp_path / "loader.so.py"
    script.write_bytes(b"#!/bin/sh\n")

    assert drop_symbols(script) == 0
    assert script.read_bytes() == b"#!/bin/sh\n"


def test_frozen_bytecode_is_taken_whatever_the_source_says(tmp_path: Path) -> None:
    source = tmp_path / "answer.py"
    source.write_text("print('compiled')\n", encoding="utf-8")
    py_compile.compile(str(source), cfile=cache_from_source(str(source)), doraise=True)

    assert freeze_bytecode(tmp_path) == 1

    source.write_text("print('read again, which takes a processor its time')\n", encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-c", "import answer"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout == "compiled\n"
