import runpy
import sys

from summarise import summarise


def test_a_text_is_summarised(interactions, snapshot_steps):
    assert "The sky is blue." in summarise("The sky is blue.")
    assert interactions == snapshot_steps


def test_the_script_prints_a_summary(interactions, tmp_path, monkeypatch, capsys):
    (tmp_path / "text.txt").write_text("Water is wet.", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["summarise.py", str(tmp_path / "text.txt")])
    runpy.run_module("summarise", run_name="__main__")
    assert "Water is wet." in capsys.readouterr().out
