"""What lesson 18 claims of any data set; and the numbers in its text, of MNIST."""

import math

for step, width in widths.items():
    assert abs(width * (1 - step / 2) - 1) < 6 * math.sqrt(2 / 20_000), "as worked out"
assert apart["climbing"] < 0.02 and 0.06 < apart["Langevin"] < 0.11
assert shares["climbing"].max() > 3 * shares["climbing"].min()
assert shares["Langevin"].max() < 2 * shares["Langevin"].min()
assert abs(on_the_right["one size"] - on_the_right["at first"]) < 0.02, "hardly anybody crosses"
assert abs(on_the_right["at first"] - 0.5) < 0.1
assert all(abs(on_the_right[name] - 0.8) < 0.08 for name in ("many sizes", "no chance"))
assert abs(floor - s * math.pi / 2) < 0.02
assert near > 0.6
for looks in (8, 16, 32):
    (euler, two), (euler_after, two_after) = errors[looks], errors[2 * looks]
    assert 1.7 < euler / euler_after < 2.3 and 3 < two / two_after < 6 and two < euler / 2
assert all(table[f"flow, seed {seed}"][0] < table["prior"][0] for seed in range(3))
assert table["student, one look"][0] < table["teacher, one look"][0]
assert asked[0.0] < 0.25 < asked[1.0] < asked[3.0]

if images.name == "mnist":
    (prior, unsure, _), (fitted_one, hardly, _) = table["prior"], table["fitted Gaussian"]
    (reals, sure, _) = table["codes of real digits"]
    assert abs(prior - 20.5) < 2.5 and abs(fitted_one - 10.3) < 1.5
    assert 0.9 < table["real digits"][0] < reals < 2.2
    assert abs(unsure - 0.54) < 0.04 and abs(sure - 0.86) < 0.03 and hardly < unsure + 0.06
    for seed in range(3):
        distance, certainty, kinds = table[f"flow, seed {seed}"]
        assert prior > 4 * distance and fitted_one > 2 * distance and kinds > 9.8
        assert 0.4 < (certainty - unsure) / (sure - unsure) < 0.65, "half of the way"
    assert nearest["test pictures"] < nearest["flow"] < nearest["prior"]
    assert max(errors[2]) == errors[2][1] and errors[64][0] > 10 * errors[64][1]
    by_euler, by_heun = dict(cost["euler"]), dict(cost["heun"])
    assert by_heun[2] > by_euler[2] > prior > 3 * by_heun[4] and by_euler[4] > 2 * by_heun[4]
    assert by_heun[10] < by_heun[40] + 0.3 and by_heun[10] < by_euler[40]
    assert table["student, one look"][0] < min(by_heun[20], table["teacher, twenty looks"][0]) + 1.5
    assert table["teacher, one look"][0] > 150
    assert abs(wide - 3.1) < 0.4
    small, as_they_are, large = (
        table[f"β = 0.001, flow, {name} wide"][0] for name in ("1", f"{wide:.1f}", "10")
    )
    assert small < as_they_are < large and small < 3.7 and large > 6
    assert table["β = 0.001, prior"][0] > 200
    assert abs(table["β = 0.001, fitted Gaussian"][0] - fitted_one) < 2, "whatever the KL saw to"
    assert table["β = 0.001, real codes"][0] < small
    by_weight = {weight: table[f"guidance {weight:g}"] for weight in asked}
    assert abs(asked[0.0] - 0.1) < 0.02 and abs(asked[1.0] - 0.9) < 0.04
    assert asked[1.5] > 0.97 and asked[3.0] > 0.995 and by_weight[3.0][1] > 0.97
    assert by_weight[1.0][0] == min(row[0] for row in by_weight.values()) < 3.2
    assert by_weight[1.0][0] < by_weight[1.5][0] < by_weight[2.0][0] < by_weight[3.0][0]
    heap = table["a Gaussian for each digit"][0]
    assert by_weight[1.0][0] < heap < 3.1 and abs(obeyed - 0.9) < 0.03
    assert by_weight[3.0][0] > prior and by_weight[0.0][0] > table["flow, seed 0"][0]
    assert abs(spread[3.0] / spread[1.0] - 1) < 0.15 and reach[3.0] > 1.5 * reach["real"]
