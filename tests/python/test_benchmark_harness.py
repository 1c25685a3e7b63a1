"""The benchmarks' own parts, at tiny size and without peers: timing, ratios, tables, floors."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))

from benchmarks import page  # noqa: E402
from benchmarks.accuracy import agreement, perplexity, text  # noqa: E402
from benchmarks.harness import bars, machine, measure, memory, results, table  # noqa: E402
from benchmarks.harness.bandwidth import READERS, BandwidthProbe  # noqa: E402
from benchmarks.harness.measure import Sample  # noqa: E402
from benchmarks.harness.results import CaseResult  # noqa: E402


def case(**changes: object) -> CaseResult:
    """A case where agentc takes 2 and 1 ms, one peer 3 and 2.9, a slower one 8."""
    given: dict[str, object] = {
        "key": "decode-1-128",
        "title": "decode",
        "unit": "ms",
        "samples": {
            "agentc": Sample((2.0, 1.0, 2.0), "i4"),
            "fast peer": Sample((3.0, 3.0, 2.9)),
            "slow peer": Sample((8.0,)),
        },
    }
    return CaseResult(**(given | changes))  # type: ignore[arg-type]


class TestMeasure:
    def test_systems_take_turns_and_the_order_rotates(self) -> None:
        order: list[str] = []

        def system(name: str) -> measure.Call:
            return lambda: (order.append(name), len(order))[1]  # type: ignore[func-returns-value]

        systems = {name: system(name) for name in "abc"}
        values = measure.interleave(systems, 3, 1, discard=0, settle_s=0)
        assert "".join(order) == "abcbcacab"
        assert values == {"a": (1, 6, 8), "b": (2, 4, 9), "c": (3, 5, 7)}

    def test_discarded_calls_are_made_but_not_counted(self) -> None:
        made: list[float] = []

        def call() -> float:
            made.append(float(len(made)))
            return made[-1]

        assert measure.interleave({"a": call}, 2, 2, settle_s=0) == {"a": (1.0, 2.0, 4.0, 5.0)}
        assert len(made) == 6

    @pytest.mark.parametrize("bursts, calls, names", [(0, 1, "a"), (1, 0, "a"), (1, 1, "")])
    def test_nothing_to_measure_is_refused(self, bursts: int, calls: int, names: str) -> None:
        with pytest.raises(ValueError, match="nothing to measure"):
            measure.interleave({name: lambda: 1.0 for name in names}, bursts, calls)

    def test_timed_returns_what_the_work_took(self) -> None:
        assert 0.002 <= measure.timed(lambda: time.sleep(0.002))() < 10


class TestResults:
    def test_ratio_is_to_the_peer_with_the_best_median(self) -> None:
        assert case().rival == "fast peer"
        assert case().ratio == 3.0 / 2.0
        assert case().best_ratio == 2.9 / 1.0

    def test_rates_are_better_when_higher(self) -> None:
        rate = case(higher_is_better=True)
        assert rate.rival == "slow peer"
        assert rate.ratio == 2.0 / 8.0

    def test_other_forms_of_ours_are_no_peers(self) -> None:
        samples = {"agentc": Sample((1.0,)), "agentc f32": Sample((0.5,))}
        assert case(samples=samples).rival == ""
        assert case(samples=samples).ratio is None
        assert case(samples=samples, peers=("agentc f32",)).ratio == 0.5

    def test_json_keeps_everything(self) -> None:
        stored = json.loads(json.dumps(results.to_json(case(notes=("quiet",)))))
        assert results.from_json(stored) == case(notes=("quiet",))
        assert stored["ratio_of_medians"] == 1.5
        assert stored["systems"]["agentc"]["minimum"] == 1.0

    def test_a_later_run_replaces_its_own_cases_only(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "r.json"
        results.save(path, {"cores": "2"}, [case(), case(key="other")])
        results.save(path, {"cores": "4"}, [case(title="again")])
        about, found = results.load(path)
        assert about == {"cores": "4"}
        assert [(r.key, r.title) for r in found] == [("decode-1-128", "again"), ("other", "decode")]


class TestBars:
    def test_verdicts(self) -> None:
        assert bars.judge(case()).text == "missed by 12 %"
        assert bars.judge(case(key="encoder-int8-1x64")).text == "met"
        assert bars.judge(case(key="decode-32-128")).text == ""
        alone = {"agentc": Sample((1.0,))}
        assert bars.judge(case(samples=alone)).text == "not measured"

    def test_every_bar_belongs_to_a_case(self) -> None:
        from benchmarks.cases.all import CASES

        # Some cases measure several rows.
        names = {key.replace("-fp32-", "-").replace("-int8-", "-") for key in bars.BARS}
        assert names - {"memory-used"} <= set(CASES)


class TestTable:
    @pytest.mark.parametrize(
        "value, shown",
        [(0, "0"), (0.01234, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234")],
    )
    def test_numbers_have_three_digits(self, value: float, shown: str) -> None:
        assert table.number(value) == shown

    def test_a_case_says_ratio_and_verdict(self) -> None:
        shown = table.lines(case(notes=("a note",)))
        assert "ratio 1.50 (best 2.90) to fast peer, bar 1.7: missed by 12 %" in shown
        assert "  agentc     2.00  1.00  3 x  i4" in shown.splitlines()
        assert "  a note" in shown.splitlines()

    def test_markdown(self) -> None:
        assert table.markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


class TestPage:
    def test_it_has_machine_bars_cases_and_quality(self) -> None:
        quality = {
            "text": "a text",
            "tokens": 1024,
            "prompts": 20,
            "peer": "llama.cpp",
            "systems": {
                "agentc i4": {
                    "perplexity": 12.345,
                    "standard_error": 0.2,
                    "to_peer": -0.001,
                    "identical": 0.96,
                    "common_prefix": 0.99,
                }
            },
        }
        made = page.page({"cores": "2"}, [case(notes=("quiet",))], quality, "Some words.\n")
        assert "| cores | 2 |" in made
        bar = "| decode | 2.00 ms | 3.00 ms, fast peer | 1.50 | 2.90 | 1.7 | missed by 12 % |"
        assert bar in made.splitlines()
        assert "| slow peer | 8.00 | 8.00 | 1 |  |" in made.splitlines()
        assert "Quiet." in made and "Some words." in made and "Not measured: decode-1-1000" in made
        assert "| agentc i4 | 12.345 ± 0.200 | -0.10 % | 96.0 % | 99.0 % |" in made.splitlines()

    def test_it_needs_no_quality(self) -> None:
        assert "## Quality" not in page.page({}, [case()], None)


class TestFloor:
    def test_readers_read_everything(self) -> None:
        values = np.arange(1000, dtype=np.float32)
        assert READERS["maximum"](values) == 999
        assert READERS["dot product"](values) == pytest.approx(332833500.0)

    def test_floor_grows_with_the_bytes(self) -> None:
        probe = BandwidthProbe(threads=2, buffer_bytes=1 << 20)
        try:
            assert probe.bytes_per_s() > 0
            assert probe.floor_s(1 << 40) > probe.floor_s(1 << 10) > 0
        finally:
            probe.close()

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
    def test_memory_of_this_process(self) -> None:
        import mmap
        import os

        size_bytes = 64 << 20
        before = memory.memory_bytes(os.getpid())
        # Pages of its own: an array might be given memory that was freed before.
        with mmap.mmap(-1, size_bytes) as held:
            for page in range(0, size_bytes, mmap.PAGESIZE):
                held[page] = 1
            after = memory.memory_bytes(os.getpid())
        assert after["resident"] - before["resident"] > size_bytes // 2
        assert after["resident"] >= after["proportional"] >= after["anonymous"] // 2

    def test_machine_names_no_folder(self) -> None:
        about = machine.describe()
        assert about["python"] and about["numpy"] and int(about["cores"]) >= 1
        assert not any("/" in value for name, value in about.items() if name != "processor")


class TestPerplexity:
    def test_windows_are_whole(self) -> None:
        cuts = perplexity.windows(range(2000), 600)
        assert [len(cut) for cut in cuts] == [512, 512]
        assert cuts[1][0] == 512
        with pytest.raises(ValueError, match="has 2000 tokens, 2048 are needed"):
            perplexity.windows(range(2000), 2000)

    def test_uniform_logits_give_the_size_of_the_vocabulary(self) -> None:
        def score(window: object) -> perplexity.Logits:
            return np.full((255, 7), 3.5, np.float32)

        value, error = perplexity.perplexity(score, [[6] * 512] * 2)
        assert value == pytest.approx(7)
        assert error == pytest.approx(0, abs=1e-9)

    def test_losses_equal_a_plain_softmax(self) -> None:
        logits = np.random.default_rng(0).normal(0, 30, (5, 11)).astype(np.float32)
        targets = [0, 3, 10, 5, 5]
        shares = np.exp(logits.astype(np.float64))
        shares /= shares.sum(axis=1, keepdims=True)
        expected = -np.log(shares[np.arange(5), targets])
        found = perplexity.negative_log_likelihoods(logits, targets)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    def test_there_is_text_and_there_are_prompts(self) -> None:
        assert len(text.corpus()) > 200_000
        assert len(set(text.prompts())) == 200


class TestAgreement:
    def test_identical_and_common_prefix(self) -> None:
        found = agreement.compare([[1, 2, 3], [4, 5], []], [[1, 2, 3], [4, 6], []])
        assert found.identical == pytest.approx(2 / 3)
        assert found.common_prefix == pytest.approx(4 / 5)

    def test_a_longer_answer_is_another_one(self) -> None:
        assert agreement.compare([[1]], [[1, 2]]).identical == 0

    def test_until_end(self) -> None:
        assert agreement.until_end([5, 6, 2, 7], (2, 3)) == [5, 6]
        assert agreement.until_end([5, 6], (2,)) == [5, 6]
