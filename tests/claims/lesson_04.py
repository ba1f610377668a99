"""What lesson 04 claims of any data set; and the numbers in its text, of MNIST."""

import torch

best = torch.arange(-3000, 3001) / 1000
for wish in (2.0, 1.0, 0.6, 0.4, -0.4, -2.0):
    cheapest = best[((wish - best) ** 2 + best.abs()).argmin()].item()
    assert abs(abs(cheapest) - max(abs(wish) - 0.5, 0)) < 2e-3, "the soft threshold"
by_price = [measured[price] for price in sorted(measured)]
assert by_price == sorted(by_price, key=lambda result: result.error), "dearer, a higher error"
assert by_price == sorted(by_price, key=lambda result: -result.active), "dearer, fewer active"
assert abs(measure(cheat).error - measure(untied).error) < 1e-2, "the same pictures"
assert abs(by_hand - (first + second).sum().item()) < 1e-6

assert all(result.active <= k for k, result in by_k.items())
controls = list(missed)[:4]
assert controls[-1] == "no price" and min(min(missed[name]) for name in controls) >= 38
assert max(missed["L1"]) <= 8 and max(missed["BatchTopK"]) <= 5
assert max(missed["3 largest"] + missed["JumpReLU"]) <= 3
assert not any(sum(twice[name]) for name in twice if name not in controls)
low, high = list(scores.values())[:4], list(scores.values())[4:]
assert max(low) < 0.7 < 0.85 < min(high)

if images.name == "mnist":
    assert measured[0.3].error < pca_error(round(measured[0.3].active)) - 1
    assert 25 < measured[0.3].active < 50 and measured[0.0].active > 200
    assert spread["w = 0.0"] > 220 > 160 > spread["w = 0.6"] > spread["a whole digit"] == 88
    assert int((often > 0.95).sum()) == 1, "one unit is always on"
    assert abs(middle - 0.1) < 0.05 and loud_units < 25 and exact < 0.01
    assert abs(pca_error(25) - 15.88) < 0.01
    assert by_k[25].error < pca_error(25) - 3 and by_k[10].error < pca_error(10) - 5
    assert pixels(living(k_sparse[25], 25)) < 120
    judged = {name: same_digit(z) for name, z in kinds.items()}
    assert judged["random directions"] > 4 and judged["no price"] < judged["10 largest"] - 0.5
    assert judged["25 largest"] < judged["no price"] + 0.6, "not much more than no price"
    assert results["0.6 from the start"].dead > 120 and late.dead < 60
    assert (
        late.error < results["0.6 from the start"].error - 2
        and late.active > results["0.6 from the start"].active + 5
    )
    assert by_k[10].dead > 20 and again["restarted"].dead < 10
    assert again["restarted"].error < by_k[10].error
