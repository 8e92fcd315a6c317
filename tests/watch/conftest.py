"""A project of a small model, whose firmware plays the board on a pty."""

from __future__ import annotations

import pytest
from helpers.host_project import HostProject, make_host_project


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("watched"), 6)
