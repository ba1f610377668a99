"""What lesson 09 claims of any data set; and the numbers in its text, of MNIST."""

import math


def gain(name, base):
    """How many nats of bound a recipe gains over another, and the standard error of that."""
    ours, theirs = table[name][:, 1], table[base][:, 1]
    return (theirs.mean() - ours.mean()).item(), ((ours.var() + theirs.var()) / 4).sqrt().item()


kl_of = {name: rows[:, 0].mean().item() for name, rows in table.items()}
cost_of_stranger = {name: rows[:, 3].mean().item() for name, rows in table.items()}

size = {name: mu[:, which].abs().mean() for name, which in groups.items() if which.any()}
assert len(size) < 2 or size["asleep"] < 0.5 * size["awake"], "who sleeps hardly moves"
per_nat = back[~asleep].mean() / kl[~asleep].mean()
assert per_nat > 2, "on average a nat comes back more than twice"
assert abs(curves[2.0]["KL, what is paid"][1000] - 0.5 * math.log(2)) < 1e-9
assert abs(curves[2.0]["sum"].min() + 0.1534) < 1e-4 and curves[2.0]["sum"].argmin() == 1000
assert abs(curves[2.0]["reconstruction"][1000] + 0.5) < 1e-9 and curves[0.8]["sum"].argmin() == 0
# The count wavers, as the lesson says: on the small digits it was 9 where 7 are predicted.
assert abs(of_linear.active_units - predicted[1.0][0]) <= 3
assert abs(of_linear.kl / predicted[1.0][1] - 1) < 0.15, "the nats are the steadier witness"
assert (loudness - wanted).abs().max() < 0.05, "without a bound the same directions are empty"
assert abs(math.log(noises[cost.argmin()] / left_out)) < 0.05, "the best σ² is what is left out"
assert seen.sum() == 12 and not seen[4, 4:].any() and not seen[5:].any()

assert parts["3 rows"].kl < parts["no pixel"].kl / 3
assert parts["3 rows"].negative_elbo < parts["no pixel"].negative_elbo - 20
assert cost_of_stranger["3 rows"] < 20 < 60 < cost_of_stranger["no pixel"], "the live one minds"
assert runs["1. β = 5"].kl < 0.2
assert abs(term.item() - 2.0) < 1e-6 and (kl_per_dim.grad[:, [0, 2]] == 0).all()

assert kl_of["3 rows, free bits 0.5"] > kl_of["3 rows"] + 4
assert gain("3 rows, free bits 0.5", "3 rows")[0] < 0, "the nats were moved and not earned"
assert kl_of["3 rows, warm-up"] > kl_of["3 rows"], "it wakes the code a little"
assert measure(free).negative_elbo > measure(alive).negative_elbo + 20

said = {name: sum(measure(m).kl for m in models) / 4 for name, models in haste.items()}
sums = {name: sum(measure(m).negative_elbo for m in models) / 4 for name, models in haste.items()}

if images.name == "mnist":
    assert 10 <= int((~asleep).sum()) <= 32 and active_units(mu) >= int((~asleep).sum()) + 3
    assert predicted[1.0][0] == 12 and predicted[0.5][0] == 23 and predicted[0.1][0] == 69
    assert runs["1. β = 5"].active_units == 0 and runs["2. σ² = 2"].active_units < 6
    assert runs["1. β = 5"].negative_elbo - runs["β = 1, section 4"].negative_elbo < 4
    assert runs["2. σ² = 2, warm-up"].active_units > 10, "more than the law allows"
    assert back[asleep].mean() < 0.3 < 5 < back[~asleep].mean(), "those asleep are worth little"
    assert of_linear.active_units == 12 and abs(of_linear.kl / predicted[1.0][1] - 1) < 0.1
    asleep_again = {name: bound_parts(model, centred) for name, model in price.items()}
    assert heard[len(heard) // 2] == 20, "they were awake while the price was low"
    for of_price in asleep_again.values():  # by price: no more than the law allows
        assert 12 <= of_price.active_units <= 16
        assert abs(of_price.kl / predicted[1.0][1] - 1) < 0.1
    assert abs(asleep_again["woken"].negative_elbo - asleep_again["as before"].negative_elbo) < 0.5
    assert cost[(noises - 1).abs().argmin()] - cost.min() > 1000 and abs(left_out - 0.0246) < 2e-4
    assert 0.7 < last.mean() < 1.4, "the last nat saves about one"
    assert kl_of["1 row"] < 5 < 8 < kl_of["no pixel"] and gain("1 row", "3 rows")[0] < -5
    assert gain("no pixel", "3 rows")[0] < -40, "what the neighbours tell is free"
    assert gain("no pixel, warm-up", "no pixel")[0] > 4 and kl_of["no pixel, warm-up"] > (
        kl_of["no pixel"] + 2
    )
    assert abs(gain("3 rows, warm-up", "3 rows")[0]) < 4, "next to nothing"
    assert -5 < gain("3 rows, encoder first", "3 rows")[0] < 1, "its decoder has stood still"
    assert said["at first"] < 0.6 and said["as before"] < 0.8 and 0.8 < said["woken"] < 2.5
    assert said["woken"] > said["as before"] + 0.4 and sums["woken"] < sums["as before"]
    assert kl_of["3 rows, warm-up"] < 5 and 6 < kl_of["3 rows, free bits 0.5"] < 10
