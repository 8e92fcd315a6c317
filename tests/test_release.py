"""A release: built twice, the same bytes; its version is that of the tag, wherever it is built."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
import release
from helpers.source_tree import copy_sources, git

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("git") is None, reason="no git"),
]

TAG = "v9.8.7"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree as a repository of two commits, the first of which is released."""
    pytest.importorskip("hatch_vcs")
    folder = copy_sources(tmp_path_factory.mktemp("repository") / "mcuzoo")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "released")
    git(folder, "tag", TAG)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "later")
    git(folder, "tag", "soak-2026")
    return folder


def built(source: Path, out: Path, kind: str = "wheel") -> tuple[str, str, str]:
    """Of a wheel: the version in its name, and version and commit in its package."""
    wheel = release.build(source, kind, out, {}, 0o022)
    found = _version_file(zipfile.ZipFile(wheel).read("mcuzoo/_version.py"))
    return wheel.name.split("-")[1], *found


def _version_file(text: bytes) -> tuple[str, str]:
    values: dict[str, str] = {}
    exec(text, values)
    return values["VERSION"], values["COMMIT"]


@pytest.mark.full
def test_a_release_is_the_same_when_it_is_built_again(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "dist"
    assert release.main(["--repository", str(repository), "--ref", TAG, "--out", str(out)]) == 0
    wheel, sdist = out / "mcuzoo-9.8.7-py3-none-any.whl", out / "mcuzoo-9.8.7.tar.gz"
    sums = "".join(
        f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (wheel, sdist)
    )
    assert capsys.readouterr().out == sums
    assert (out / "SHA256SUMS").read_text() == sums

    packed = zipfile.ZipFile(wheel)
    commit = git(repository, "rev-parse", TAG)
    assert _version_file(packed.read("mcuzoo/_version.py")) == ("9.8.7", commit)
    # The commit's time, not the build's.
    assert packed.getinfo("mcuzoo/__init__.py").date_time == (2026, 1, 2, 3, 4, 6)
    with tarfile.open(sdist) as source:
        assert {member.mtime for member in source.getmembers()} == {1767323046}


@pytest.mark.full
def test_a_build_that_depends_on_more_than_the_commit_is_found(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "changed"
    git(tmp_path, "clone", "--quiet", str(repository), str(changed))
    hook = changed / "hatch_build.py"
    text = hook.read_text()
    assert "VERSION_FILE).write_text(" in text
    hook.write_text(text.replace("return f'", "import os; return f'# {os.environ[\"TZ\"]}\\n'f'"))
    git(changed, "commit", "--quiet", "--all", "--message", "not reproducible")
    out = tmp_path / "dist"
    assert release.main(["--repository", str(changed), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and not out.exists()
    assert said.err.count("is not the same when it is built again.") == 2


@pytest.mark.full
def test_a_commit_behind_a_tag_is_a_version_of_development(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    commit = git(clone, "rev-parse", "HEAD")
    version = f"9.8.8.dev1+g{commit[:9]}"
    assert built(clone, tmp_path / "one") == (version, version, commit)
    # What is changed has no commit.
    (clone / "mcuzoo/__main__.py").write_text("")
    changed = built(clone, tmp_path / "two")
    assert changed[0].startswith(f"{version}.d") and changed[2] == ""
    # A build leaves the tree as it is.
    assert not (clone / "mcuzoo/_version.py").exists()


@pytest.mark.full
def test_a_shallow_clone_without_tags_can_be_built(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    address = repository.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-tags", address, str(clone))
    commit = git(clone, "rev-parse", "HEAD")
    version = f"0.0.1.dev1+g{commit[:9]}"
    assert built(clone, tmp_path / "out") == (version, version, commit)


@pytest.mark.full
def test_an_archive_without_git_has_its_version(repository: Path, tmp_path: Path) -> None:
    """As GitHub's "Download ZIP" makes it."""
    archive = tmp_path / "archive.zip"
    git(repository, "archive", "--format=zip", f"--output={archive}", TAG)
    zipfile.ZipFile(archive).extractall(tmp_path / "source")
    commit = git(repository, "rev-parse", TAG)
    assert built(tmp_path / "source", tmp_path / "out") == ("9.8.7", "9.8.7", commit)


@pytest.mark.parametrize("old_git", [False, True])
@pytest.mark.full
def test_an_archive_of_a_commit_without_tags_can_be_built(
    repository: Path, tmp_path: Path, old_git: bool
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--no-tags", repository.as_uri(), str(clone))
    archive = tmp_path / "archive.zip"
    git(clone, "archive", "--format=zip", f"--output={archive}", "HEAD")
    source = tmp_path / "source"
    zipfile.ZipFile(archive).extractall(source)
    about = source / ".git_archival.txt"
    told = about.read_text()
    if old_git:  # before 2.32 it left this as it is
        about.write_text(told.replace("v0.0.0", "v0.0.0% (describe:tags=true,match=v[0-9]*)"))
    commit = git(clone, "rev-parse", "HEAD")
    assert "v0.0.0" in told and built(source, tmp_path / "out") == ("0.0.0", "0.0.0", commit)


def test_a_plain_copy_has_no_version(tmp_path: Path) -> None:
    """Even inside of another repository."""
    pytest.importorskip("hatch_vcs")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "another")
    git(tmp_path, "tag", "v3.2.1")
    source = copy_sources(tmp_path / "source")
    assert built(source, tmp_path / "out") == ("0.0.0", "0.0.0", "")


@pytest.mark.full
def test_an_editable_install_names_no_commit(repository: Path, tmp_path: Path) -> None:
    """Its tree may be changed at any time; what it says is from when it was installed."""
    pytest.importorskip("editables")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    wheel = release.build(clone, "wheel:editable", tmp_path / "out", {}, 0o022)
    assert wheel.name.startswith("mcuzoo-9.8.8.dev1+g")
    written = clone / "mcuzoo/_version.py"
    assert _version_file(written.read_bytes()) == ("9.8.8.dev1+editable", "")
    assert git(clone, "status", "--porcelain") == ""
    said = release.run([sys.executable, "-m", "mcuzoo", "--version"], clone)
    assert said == "mcuzoo 9.8.8.dev1+editable\n"
