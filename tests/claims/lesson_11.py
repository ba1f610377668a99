"""What lesson 11 claims of any data set; and the numbers in its text, of MNIST."""

import math

assert gap < 1e-5, "joining one-hot rows chooses a bias"
assert abs(entropy - math.log(10)) < 0.01
assert (saved.mean() - (without.mean() - with_label.mean())).abs() < 1e-2
for name, ((slants, least), (widths, least_width)) in agreed.items():
    assert -1 <= least <= slants <= 1 and -1 <= least_width <= widths <= 1, name
assert agreed["ten VAEs"][0][1] < 0, "ten networks do not agree"
assert table["neither"][1] < 0.2 and table["encoder only"][1] < 0.2, "nothing can be asked for"
assert table["both"][1] > 0.5 and table["decoder only"][1] > 0.3
assert table["both"][0] < min(table["encoder only"][0], table["neither"][0])
assert obeyed["one for each label"] > max(obeyed["N(0, I)"], obeyed["one Gaussian for all"])
assert prices_of["p(z|y)"].mean() < prices_of["N(0, I)"].mean(), "its own prior is nearer"
assert shuffled > honest + 5, "the bound notices wrong labels"
assert costs["a code"].mean() < costs["one answer"].mean()

if images.name == "mnist":
    pass
