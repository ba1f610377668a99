"""What lesson 16 claims. The folder and the table are the same whatever the digits are."""

assert 3_100 < len(mine.train) < 3_300 and len(kept) == 1_000
for gained in zip(flattered["neighbours"], flattered["of the folder"], strict=True):
    assert gained[0] < gained[1], "neighbours flatter the model and the copier"
model_gains, copier_gains = (
    1 - with_them / without
    for with_them, without in zip(flattered["neighbours"], flattered["of the folder"], strict=True)
)
assert copier_gains > model_gains > 0.01

paid = dict(zip(believed, (cost for cost, _ in found), strict=True))
assert min(paid, key=paid.get) in (0.04, 0.08, 0.16)
assert min(paid.values()) < min(paid[0.02], paid[0.32]) - 0.05
assert abs(found[believed.index(0.08)][1] - 0.08) < 0.015, "belief and finding meet"
assert abs(paid[0.08] - paid[0.16]) < 0.04, "a flat valley"
assert exact[0] > 8.3 and exact[16] < 6.1 < min(*paid.values(), coins[0]) - 0.3, "rivals in bits"
assert exact[32] < cost - 0.2, "of the larger network too"

assert chosen in (16, 32) and curve[0] > 1.4 * curve.min()
assert all(linear[k] < mean for k, mean in zip(widths, curve, strict=True)), "PCA is ahead"
assert linear[64] < curve[-1] / 3
lead = [mean.item() - linear[k] for k, mean in zip(widths, curve, strict=True)]
assert lead[2] < lead[3] < lead[5] and lead[1] > lead[2], "from 8 numbers on it grows"
assert linear[64] < by_linear < 1.1 * linear[64], "the noise on the code is not to blame"
assert sizes[16][1] < sizes[8][1] - 1 and sizes[32][1] > sizes[16][1] - 3
assert sizes[8][0] > sizes[16][0] > sizes[32][0] == 0
assert all(abs(each[2] - 15.7) < 0.3 for each in sizes.values()), "PCA loses as much at every size"
assert by_bits[32] > linear[chosen], "with a larger network too"
colours = [each.clamp(0, 1).mean((1, 2, 3)).std() for each in (clouds, drawn)]
assert colours[0] > 2 * colours[1], "it is the prior whose draws are dull"
assert hits["mean colour"] > hits["code"] > hits["pixels"] > 0.8
assert hits["mean colour"] > hits["PCA, 16"] > hits["code"]
assert abs(hits["PCA, 32"] - hits["code"]) < 0.02

areas_of_fillings = {name: row[0] for name, row in table.items()}
assert areas_of_fillings["five alike"] > areas_of_fillings["mean, and a flag"] + 0.02
assert table["five alike"][3] > table["mean, and a flag"][3]
assert all(row[1] > row[2] for row in table.values()), "a gap raises more alarms"
assert table["mean, and a flag"][1] > 5 * table["mean, and a flag"][2]
assert areas["isolation forest"] < 0.85 < areas["LOF"] < areas["PCA, likelihood"]
assert named["ten times as much"][0] > 0.98
assert 0.6 < named["a tenth too much"][0] < 0.85 and named["a tenth too much"][2] < 0.5
for by_unit, plain, alone in named.values():
    assert by_unit > alone and by_unit > plain - 0.06

for name, (by_residual, by_the_others) in named_by_pca.items():
    assert by_residual < named[name][0] - 0.05 and by_the_others > named[name][0] - 0.06, name

assert apart_by["dense"] < 1e-3 < apart_by["conv"]
assert differs < 1e-4
assert by_bits[8] < 1.01 * by_bits[32] and by_bits[6] < 1.02 * by_bits[32]
assert by_bits[5] < 1.08 * by_bits[32] and by_bits[4] > 1.12 * by_bits[32]
assert by_bits[2] > 5 * by_bits[32]

if images.name == "mnist":
    assert pen < straight, "on digits the network is ahead"
