"""How figures are taken: CPU time of this process, rounds of all candidates interleaved, medians; shown as ratios.

Ratios of one run are comparable between machines; microseconds are not.
"""

import gc
import statistics
import time
from collections.abc import Callable

Candidate = Callable[[], object]


def cpu_medians(candidates: dict[str, Candidate], *, rounds: int, calls: int) -> dict[str, float]:
    """Seconds of CPU per call for each candidate: in each round each one runs `calls` times, one after another."""
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for candidate in candidates.values():
        candidate()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, candidate in candidates.items():
                began = time.process_time()
                for _ in range(calls):
                    candidate()
                samples[name].append((time.process_time() - began) / calls)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in samples.items()}


def report(name: str, value: float, *, goal: float, unit: str = "x", note: str = "") -> bool:
    """One line: name, value, goal, met or not met."""
    met = value <= goal
    print(
        f"{name}: {value:.2f}{unit}, goal {goal:g}{unit}, {'met' if met else 'not met'}{f' ({note})' if note else ''}"
    )
    return met
