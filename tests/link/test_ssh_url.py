"""ssh:// URLs: what they mean, and that no part of one becomes more than one word."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.errors import PortError
from mcuzoo.link.ssh_url import parse_ssh_url
from mcuzoo.link.state import Timing
from mcuzoo.link.transport import has_speed


def test_parts_of_a_url() -> None:
    target = parse_ssh_url(
        "ssh://root@imx93.local:2222/opt/mcuzoo?delegate=none&delegate=ethosu&threads=2"
    )
    assert (target.login, target.port, target.folder) == ("root@imx93.local", 2222, "/opt/mcuzoo")
    assert target.ssh_words("-T") == ("ssh", "-T", "-p", "2222", "--", "root@imx93.local")
    assert target.far_command == (
        "exec python3 /opt/mcuzoo/agent/mcuzoo_agent.py --stdio --delegate none --delegate ethosu "
        "--threads 2"
    )
    assert target.copying("PROJECT") == "scp -r -P 2222 PROJECT root@imx93.local:/opt/mcuzoo"


@pytest.mark.parametrize(
    ("url", "login", "folder"),
    [
        ("ssh://board", "board", "mcuzoo"),
        ("ssh://board/", "board", "mcuzoo"),
        ("ssh://u@10.0.0.7/~/nets/signs", "u@10.0.0.7", "nets/signs"),
        ("ssh://[fe80::1%25eth0]:22/x", "fe80::1%25eth0", "/x"),
        ("SSH://board/a%20b/", "board", "/a b"),
    ],
)
def test_what_may_be_left_out(url: str, login: str, folder: str) -> None:
    target = parse_ssh_url(url)
    assert (target.login, target.folder) == (login, folder)


@pytest.mark.parametrize(
    "url",
    [
        "ssh://",
        "ssh:///folder",
        "ssh://-oProxyCommand=evil/x",
        "ssh://-lroot@board/x",
        "ssh://us er@board",
        "ssh://u;id@board",
        "ssh://board$(id)/x",
        "ssh://board:99999",
        "ssh://board:x",
        "ssh://root:secret@board",
        "ssh://[::1]board/x",
        "ssh://board/x#y",
        "ssh://board/%0Aid",
        "ssh://board/~/-rf",
        "ssh://board?colour=red",
        "ssh://board?threads=1&threads=2",
        "ssh://board?model=",
        "ssh://board?model=--help",
        "ssh://board?python=-c",
        "ssh://[::1",
    ],
)
def test_bad_urls(url: str) -> None:
    with pytest.raises(PortError) as caught:
        parse_ssh_url(url)
    assert "ssh://USER@HOST" in caught.value.hint


@given(st.text(min_size=1).filter(str.isprintable), st.text(min_size=1).filter(str.isprintable))
def test_the_board_s_shell_gets_the_words_as_they_are(folder: str, model: str) -> None:
    from urllib.parse import quote

    url = f"ssh://board/{quote(folder, safe='')}?model={quote(model, safe='')}"
    try:
        target = parse_ssh_url(url)
    except PortError:
        assert model.startswith("-") or folder.startswith("~")
        return
    words = shlex.split(target.far_command)
    assert words[:2] == ["exec", "python3"]
    assert words[2:] == [target.agent, "--stdio", "--model", model]


def test_a_word_of_the_url_is_near_to_a_known_one() -> None:
    with pytest.raises(PortError) as caught:
        parse_ssh_url("ssh://board?delegat=vx")
    assert "Did you mean 'delegate'?" in caught.value.hint


def test_the_environment_names_another_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_SSH", "/opt/ssh -F 'my config'")
    words = parse_ssh_url("ssh://board").ssh_words("-T")
    assert words == ("/opt/ssh", "-F", "my config", "-T", "--", "board")


def test_it_has_no_speed_and_much_time() -> None:
    assert not has_speed("SSH://board")
    assert Timing.of_port("ssh://board", 115200).latency_s == 5.0
