"""Benchmarks are found, chosen, run and read; what they measure is no test's business."""

import subprocess
import sys
from pathlib import Path

import pytest

from journeyfold.core.errors import UsageError
from journeyfold.runtime.measuring import figure_of, measure

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
ONE = """
import json, os
def report(name, value):
    figure = {"name": name, "value": value, "unit": "s", "goal": 3, "better": "lower"}
    print(json.dumps(figure | {"quick": os.environ.get("JOURNEYFOLD_BENCH_QUICK", "")}))
if __name__ == "__main__":
    print("not a figure")
    report("walk_s", 2.0)
    report("run_s", 4.0)
"""


@pytest.fixture
def scripts(tmp_path):
    (tmp_path / "legs.py").write_text(ONE)
    (tmp_path / "broken.py").write_text('if __name__ == "__main__":\n    exit("no legs")\n')
    (tmp_path / "shared.py").write_text("PARTS = 2\n")
    return tmp_path


def run(directory, *names, quick=False):
    return measure(directory, names, quick=quick, progress=lambda *_: None)


def test_a_script_is_run_by_its_name(scripts):
    assert [figure.name for figure in run(scripts, "legs")] == ["walk_s", "run_s"]


def test_a_figure_is_asked_for_by_its_name(scripts):
    assert [figure.name for figure in run(scripts, "run_s")] == ["run_s"]


def test_a_figure_knows_whether_its_goal_is_reached(scripts):
    assert [figure.is_reached for figure in run(scripts, "legs")] == [True, False]


def test_an_unknown_name_is_one_sentence_with_the_known_ones(scripts):
    with pytest.raises(UsageError, match=r"there is no benchmark arms; there are broken, legs$"):
        run(scripts, "arms")


def test_a_module_that_measures_nothing_is_no_benchmark(scripts):
    with pytest.raises(UsageError, match="no benchmark shared"):
        run(scripts, "shared")


def test_a_failed_benchmark_says_why(scripts):
    with pytest.raises(UsageError, match="benchmark broken ended with 1: no legs"):
        run(scripts, "broken")


def test_quick_reaches_the_script(scripts):
    assert [figure.more["quick"] for figure in run(scripts, "legs", quick=True)] == ["1", "1"]


def test_what_a_figure_says_besides_is_kept():
    figure = figure_of('{"name":"a","value":1,"unit":"s","goal":2,"better":"lower","p50_ms":3}')
    assert figure.more == {"p50_ms": 3}


@pytest.mark.parametrize("script", sorted(BENCHMARKS.glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_can_be_read_by_python(script):
    done = subprocess.run(
        [sys.executable, "-c", f"import runpy; runpy.run_path({str(script)!r})"],
        cwd=BENCHMARKS, env={"PYTHONPATH": ":".join([str(BENCHMARKS), *sys.path])},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
