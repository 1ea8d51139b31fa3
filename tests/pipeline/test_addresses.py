"""Where the lake and the raw files may be: a folder, or s3; everything else is one sentence before anything is done."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from vpp_core.errors import InputError
from vpp_pipeline import project
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import address
from vpp_pipeline.lake.files import explained

SECRET = "AKIAVERYSECRETKEY"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gs://bucket/lake", "VPP_LAKE names a gs:// address; give a folder, or s3://bucket/lake"),
        ("http://host/lake", "names a http:// address"),
        ("https://host/lake?key=AKIAVERYSECRETKEY", "names a https:// address"),
        ("memory://lake", "names a memory:// address"),
        ("github://someone:AKIAVERYSECRETKEY@repo/", "names a github:// address"),
        ("nonsense://x", "names a nonsense:// address"),
        ("://x", "names a :// address"),
        ("s3://", "names no bucket"),
        ("s3:///lake", "names no bucket"),
        ("s3://bucket?key=AKIAVERYSECRETKEY", "names no bucket"),
        ("s3://[", "names no bucket"),
        ("s3://user:AKIAVERYSECRETKEY@bucket/lake", "has a key in the address"),
        ("~nouser/lake", "the home of ~nouser, who is no user"),
        ("file://~nouser/lake", "the home of ~nouser"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_lake_that_cannot_be_is_one_sentence_without_a_key(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("VPP_LAKE", text)
    for command in (["run", "--month", "2023-08"], ["fleet", "--homes", "2"], ["ui", "--port", "1"]):
        assert execute(command) == 2
        printed = capsys.readouterr().err
        assert printed.startswith("vpp: VPP_LAKE ")
        assert said in printed
        assert printed.count("\n") == 1 and len(printed) < 600
        assert SECRET not in printed
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("text", ["s3://bucket/raw", "http://host/raw", "gs://x", "memory://raw"])
def test_raw_files_are_in_a_folder_of_this_machine(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_RAW", text)
    assert execute(["data", "--month", "2023-08"]) == 2
    assert "has to be a folder of this machine" in capsys.readouterr().err


@pytest.mark.parametrize(("home", "said"), [("s3://bucket/home", "folder of this machine"), ("~nouser/x", "no user")])
def test_dagster_s_home_is_a_folder_of_this_machine(home: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", home)
    with pytest.raises(InputError, match=said):
        project.prepare_dagster_home()


@pytest.mark.parametrize("variable", ["VPP_LAKE", "VPP_RAW"])
def test_a_file_is_no_folder(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prices.csv").write_text("in the way")
    monkeypatch.setenv(variable, str(tmp_path / "prices.csv"))
    assert execute(["data", "--month", "2023-08"]) == 2
    assert f"{variable} names {tmp_path / 'prices.csv'}, which is a file; give a folder" in capsys.readouterr().err


def test_s3_without_its_package_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("VPP_LAKE", "s3://bucket/lake")
    with pytest.raises(InputError, match=r"the package s3fs is not installed; pip install -e"):
        project.lake_url()


def test_an_address_that_can_be_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    for text, read in (
        ("lake", str(tmp_path / "lake")),
        (f"file://{tmp_path}/other", f"{tmp_path}/other"),
        ("S3://bucket/deep/lake", "s3://bucket/deep/lake"),
        ("~/lake", str(Path.home() / "lake")),
    ):
        assert address.lake_address(text, tmp_path, "it") == read


def test_what_an_object_store_refuses_is_one_sentence_without_its_key(tmp_path: Path) -> None:
    class NoCredentialsError(Exception):
        """As botocore's: no OSError."""

    NoCredentialsError.__module__ = "botocore.exceptions"
    with pytest.raises(InputError, match="could not be reached") as refused, explained(tmp_path):
        raise NoCredentialsError(f"Unable to locate credentials, not {SECRET}")
    assert SECRET not in str(refused.value)


def test_a_fault_of_the_program_is_not_taken_for_the_store_s(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), explained(tmp_path):
        raise ZeroDivisionError
