"""The settings: the environment wins over the file, and all problems are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.node.config import BadConfig, Config, load


def written(home: Path, text: str) -> dict[str, str]:
    (home / "node.toml").write_text(text)
    return {"COMITY_HOME": str(home)}


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = load({"COMITY_HOME": str(tmp_path)})
    assert config == Config(home=tmp_path)
    assert config.database == f"sqlite:///{tmp_path}/node.sqlite3"
    assert (config.keys, config.secret_file) == (tmp_path / "keys", tmp_path / "secret")


def test_the_environment_wins(tmp_path: Path) -> None:
    environ = written(tmp_path, 'web_threads = 2\nlisten = "127.0.0.1:1"\nplain_http_partners = true\n')
    environ |= {"COMITY_WEB_THREADS": "5", "DATABASE_URL": "postgresql:///comity"}
    config = load(environ)
    assert (config.web_threads, config.listen, config.plain_http_partners) == (5, "127.0.0.1:1", True)
    assert config.database == "postgresql:///comity"


def test_our_own_name_for_the_database_wins_over_the_common_one(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": "postgresql:///a", "COMITY_DATABASE_URL": "postgresql:///b"}
    assert load(environ | {"COMITY_HOME": str(tmp_path)}).database == "postgresql:///b"


def test_a_step_of_the_path_may_be_named_as_fault(tmp_path: Path) -> None:
    assert load(written(tmp_path, "fault = 'sent'\n")).fault == "sent"


def test_a_misspelt_variable_is_refused_like_a_misspelt_line(tmp_path: Path) -> None:
    environ = written(tmp_path, "web_thread = 2\n") | {"COMITY_LISTN": "x", "COMITY_Q": "y", "OTHER": "z"}
    with pytest.raises(BadConfig) as refused:
        load(environ)
    for said in (
        "web_thread: there is no such setting, see docs/settings.md. Did you mean web_threads?",
        "COMITY_LISTN: there is no such setting, see docs/settings.md. Did you mean COMITY_LISTEN?",
        "COMITY_Q: there is no such setting, see docs/settings.md.",
    ):
        assert said in refused.value.message
    assert "OTHER" not in refused.value.message


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "no_such = 1\nweb_threads = 'x'\nplain_http_partners = 'maybe'\n",
            ["no_such", "web_threads", "plain_http"],
        ),
        ("home = '/x'\n", ["home: there is no such setting"]),
        ("address = 'https://x'\nlisten = '8000'\n", ["address: expected", "listen: expected"]),
        (
            "database_url = 'mysql://x'\nweb_processes = 0\n",
            ["database_url: expected", "web_processes: expected"],
        ),
        ("listen = 8000\n", ["listen: expected text"]),
        (
            "web_threads = 'a'\nweb_processes = 1.5\nworker_pause = 'nan'\npull_interval = 0\nproxies = -1\n",
            [
                "web_threads: expected a whole number, not 'a'",
                "web_processes: expected a whole number, not 1.5",
                "worker_pause: expected a number, not 'nan'",
                "pull_interval: expected at least 0.1",
                "proxies: expected at least 0",
            ],
        ),
        (
            "listen = 'x:65536'\naddress = 'https://[x/'\ndatabase_url = 'postgresql://h:x/n'\n",
            ["listen: expected", "address: expected", "database_url: expected"],
        ),
        ("fault = 'sneeze'\n", ["fault: expected nothing, or one of composed, "]),
        ("listen = \n", ["is not valid TOML"]),
    ],
)
def test_all_problems_are_told_at_once(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(BadConfig) as caught:
        load(written(tmp_path, text))
    assert [problem for problem in problems if problem not in caught.value.message] == []
    assert str(tmp_path / "node.toml") in caught.value.message
