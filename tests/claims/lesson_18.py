"""What lesson 18 claims of any data set; and the numbers in its text, of MNIST."""

import math

for step, width in widths.items():
    assert abs(width * (1 - step / 2) - 1) < 6 * math.sqrt(2 / 20_000), "as worked out"
assert apart["climbing"] < 0.02 and 0.06 < apart["Langevin"] < 0.11
assert shares["climbing"].max() > 3 * shares["climbing"].min()
assert shares["Langevin"].max() < 2 * shares["Langevin"].min()
assert abs(on_the_right["one size"] - 0.5) < 0.1, "nobody crosses"
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
    ours, prior, best_codes = ([table[n][k] for n in names] for k in range(1) for names in ())
