"""What lesson 14 claims of any data set; and the numbers in its text, of MNIST."""

import math

from course_utils import bound_parts, ndcg_at_k, recall_at_k

# The jukebox is the same whatever the pictures are.
assert 0.85 < (heard == 0).float().mean() < 0.97
assert recall_at_k(torch.tensor([[9.0, 5, 4, 2, 1]]), wanted, k=2, seen=known).item() == 0.5
assert abs(ndcg_at_k(torch.tensor([[9.0, 5, 4, 2, 1]]), wanted, 2, known).item() - by_hand) < 1e-6
mean = {name: recall.mean().item() for name, (recall, _) in exam.items()}
marks = [mean[name] for name in ("chance", "popularity", "best from history", "the truth")]
assert marks == sorted(marks) and marks[1] > 3 * marks[0]
assert abs(marks[1] - 0.21) < 0.01 and abs(marks[2] - 0.32) < 0.01 and abs(marks[3] - 0.35) < 0.01
assert mean["PCA, scaled"] > mean["PCA, raw"] + 0.01 and best == {"raw": 12, "scaled": 12}
assert all(curve[-1] < max(curve) - 0.05 for _, curve in curves.values())
assert curves["PCA, scaled"][1][5] > max(curves["PCA, scaled"][1]) - 0.01, "sixteen is level"
assert abs(cost - 3 * math.log(3)) < 1e-5 and abs(cost - whole - math.log(3)) < 1e-5
assert compare("VAE", "popularity")[0] > 0.06 and abs(compare("VAE", "PCA, scaled")[0]) < 0.02
assert abs(ahead.mean()) < 0.02, "level in another world too"
assert mean["neither"] < min(mean["KL alone"], mean["dropout alone"], mean["VAE"]) - 0.005
for alone in ("KL alone", "dropout alone"):
    assert compare(alone, "neither")[0] > 0.005 > abs(compare(alone, "VAE")[0]) - 0.005

shown = {name: recall_at_k(s, played, 20).mean().item() for name, s in rivals.items()}
later = {name: judge(s)[0].mean().item() for name, s in rivals.items()}
copier = "PCA, 200 numbers"
assert max(shown, key=shown.get) == copier and later[copier] < later["popularity"] + 0.02
assert shown["the truth"] < shown["PCA, 12 numbers"] < shown[copier] - 0.2

ahead_of = {
    rival: {n: (by_length["VAE"][n] - by_length[rival][n]).mean().item() for n in lengths}
    for rival in ("popularity", "PCA, scaled", "PCA, shrunk", "VAE, KL alone")
}
assert abs(ahead_of["popularity"][0]) < 0.03 and abs(ahead_of["popularity"][1]) < 0.02
assert ahead_of["popularity"][2] > 0.005 and ahead_of["popularity"][5] > 0.02
assert starts["popularity"][0] > starts["best from history"][0]
assert abs(recall_at_k(by_plays, found, k=20, seen=full).mean() - 0.186) < 0.005
assert starts["PCA, scaled"][1] < starts["popularity"][1], "it takes one song at its word"
assert trusted == 5 and by_c[5] > by_c[0] + 0.005
for n in (1, 2, 3):
    assert ahead_of["PCA, scaled"][n] > 0.01 > abs(ahead_of["PCA, shrunk"][n]), "most was our doing"
assert ahead_of["PCA, shrunk"][1] < 0
assert all(0 < ahead_of["PCA, shrunk"][n] < 0.02 for n in (5, 10, 20))
assert all(ahead_of["VAE, KL alone"][n] < 0.007 for n in lengths), "no halved histories are needed"
assert abs(exam["PCA, shrunk"][0].mean().item() - mean["PCA, scaled"]) < 0.005
share = club.train.sum(0) / club.train.sum()
expected = club.train.sum(1, keepdim=True) * share
assert ((club.train - expected) / expected.sqrt()).mean(0).abs().max() < 0.05, "nearly 0"

assert mean_place(unaware.reconstruct(heard)) > 350 and per_listener < 0.2

assert 0.05 < sigma[:, awake].mean() < 0.9
nats = [bound_parts(model, heard).negative_elbo for model in priced.values()]
assert nats[1] > nats[0] + 5
assert abs(slopes.mean() - 3) < 6 * error
assert len(first.unique()) > 0.9 * len(first)

if images.name == "mnist":
    change = {n: (read["autoencoder", n] - read["pixels", n]).mean().item() for n in sizes}
    assert -0.01 < change[50] < 0.06 and change[500] < 0.005
    for strength in (0.03, 0.3, 1, 10):
        assert turned["pixels", strength] > turned["pixels, each scaled", strength] + 0.02
    assert turned["autoencoder", 1] > turned["autoencoder", 0.03] + 0.015
    gains = {name: sum(v) - sum(helped["nothing added"]) for name, v in helped.items()}
    assert gains["from the 500"] < gains["q(z|x)"] < gains["shifts"]
