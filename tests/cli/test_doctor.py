"""What is kept for this machine can be found and removed by a command."""

from srgan.engines import cache


def test_the_cache_is_told_and_emptied(run, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.keep("rates.json", bytes(2_000_000))

    assert run("cache") == (0, f"{tmp_path}/srgan: 2.0 MB\n", "")
    assert run("cache", "--clear") == (0, f"{tmp_path}/srgan: 0.0 MB\n", "")
    assert cache.kept("rates.json") is None
