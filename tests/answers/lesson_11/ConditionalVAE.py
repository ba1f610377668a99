"""Answers to `ConditionalVAE`, lesson 11, as learners write them."""

import torch
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


class Plain(nn.Module):
    """One hidden layer each way; what the others below are made from."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.num_classes = num_classes
        self.encoder = nn.Sequential(
            nn.Linear(input_dim + num_classes, 64), nn.ReLU(), nn.Linear(64, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim + num_classes, 64), nn.ReLU(), nn.Linear(64, input_dim)
        )

    def one_hot(self, y):
        return F.one_hot(y, self.num_classes).float()

    def encode(self, x, y):
        mu, log_var = self.encoder(torch.cat([x, self.one_hot(y)], 1)).chunk(2, 1)
        return mu, log_var

    def decode(self, z, y):
        return self.decoder(torch.cat([z, self.one_hot(y)], 1))

    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.randn_like(mu)

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(self.draw(mu, log_var), y), mu, log_var


class TwoHeads(nn.Module):
    """Two heads, the label before the picture, torch.distributions for the draw."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.register_buffer("rows", torch.eye(num_classes))
        self.body = nn.Linear(num_classes + input_dim, 50)
        self.mean, self.log_variance = nn.Linear(50, latent_dim), nn.Linear(50, latent_dim)
        self.up, self.out = nn.Linear(num_classes + latent_dim, 50), nn.Linear(50, input_dim)

    def encode(self, x, y):
        h = torch.tanh(self.body(torch.hstack([self.rows[y], x])))
        return self.mean(h), self.log_variance(h)

    def decode(self, z, y):
        return self.out(torch.tanh(self.up(torch.hstack([self.rows[y], z]))))

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        q = Normal(mu, (0.5 * log_var).exp())
        return self.decode(q.rsample(), y), q.loc, 2 * q.stddev.log()


class Embedded(nn.Module):
    """Learnt rows in the place of one-hot ones, added and not joined."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.to_hidden = nn.Linear(input_dim, 40)
        self.label_in = nn.Embedding(num_classes, 40)
        self.label_out = nn.Embedding(num_classes, latent_dim)
        self.heads = nn.Linear(40, 2 * latent_dim)
        self.latent_dim = latent_dim
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 40), nn.GELU(), nn.LayerNorm(40), nn.Linear(40, input_dim)
        )

    def encode(self, x, y):
        h = F.silu(self.to_hidden(x) + self.label_in(y))
        both = self.heads(h)
        return both[:, : self.latent_dim], both[:, self.latent_dim :]

    def decode(self, z, y):
        return self.decoder(z + self.label_out(y))

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        epsilon = torch.randn(mu.shape, generator=torch.Generator().manual_seed(torch.seed()))
        return self.decode(mu + epsilon * log_var.exp().sqrt(), y), mu, log_var


class Narrow(nn.Module):
    """Few hidden units, which take their time, and weights that are made by the first batch."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.num_classes = num_classes
        self.encoder = nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(2 * latent_dim))
        self.decoder = nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(input_dim))

    def encode(self, x, y):
        return Plain.encode(self, x, y)

    def decode(self, z, y):
        return Plain.decode(self, z, y)

    def one_hot(self, y):
        return F.one_hot(y, self.num_classes)

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(mu + (log_var / 2).exp() * torch.randn_like(log_var), y), mu, log_var


class Convolutional(nn.Module):
    """Convolutions along the row of pixels, and a label in every place."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.name = nn.Embedding(num_classes, 4)
        self.look = nn.Conv1d(5, 8, 5, padding=2)
        self.heads = nn.Linear(8 * input_dim, 2 * latent_dim)
        self.up = nn.Linear(latent_dim, 4 * input_dim)
        self.out = nn.Conv1d(8, 1, 5, padding=2)

    def with_name(self, h, y):
        return torch.cat([h, self.name(y)[:, :, None].expand(-1, -1, h.shape[2])], dim=1)

    def encode(self, x, y):
        h = F.gelu(self.look(self.with_name(x[:, None], y)))
        return self.heads(h.flatten(1)).chunk(2, dim=1)

    def decode(self, z, y):
        h = self.up(z).view(len(z), 4, -1)
        return self.out(F.gelu(self.with_name(h, y))).squeeze(1)

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(mu + (log_var / 2).exp() * torch.randn_like(log_var), y), mu, log_var


class Deep(Plain):
    """More layers, and batch normalisation, which knows training from evaluation."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.encoder = nn.Sequential(
            nn.Linear(input_dim + num_classes, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ELU(),
            nn.Linear(32, 2 * latent_dim),
        )


class AnyInteger(Plain):
    """A row of zeros that is filled in by hand, and a label of any integer type."""

    def one_hot(self, y):
        rows = torch.zeros(len(y), self.num_classes)
        rows[torch.arange(len(y)), y.long()] = 1
        return rows

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        sigma = torch.sqrt(torch.exp(log_var))
        z = torch.normal(torch.zeros_like(mu), torch.ones_like(mu)) * sigma + mu
        return (self.decode(z, y), mu, log_var)


class ByClass(nn.Module):
    """A weight matrix for each label: one decoder for every class."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.down = nn.Parameter(torch.randn(num_classes, input_dim, 2 * latent_dim) * 0.03)
        self.up = nn.Parameter(torch.randn(num_classes, latent_dim, input_dim) * 0.1)
        self.bias = nn.Parameter(torch.zeros(num_classes, input_dim))

    def encode(self, x, y):
        return torch.einsum("bi,bij->bj", x, self.down[y]).tensor_split(2, dim=1)

    def decode(self, z, y):
        return torch.einsum("bj,bji->bi", z, self.up[y]) + self.bias[y]

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        z = torch.distributions.Normal(mu, torch.exp(log_var / 2)).rsample()
        return self.decode(z, y), mu, log_var


class OneForEach(Plain):
    """A network for each label, chosen by it: the label goes into no layer at all."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        names = range(num_classes)
        self.encoder = nn.ModuleList(nn.Linear(input_dim, 2 * latent_dim) for _ in names)
        self.decoder = nn.ModuleList(nn.Linear(latent_dim, input_dim) for _ in names)

    def encode(self, x, y):
        rows = [self.encoder[label](row) for row, label in zip(x, y.tolist(), strict=True)]
        return torch.stack(rows).chunk(2, 1)

    def decode(self, z, y):
        return torch.stack([self.decoder[k](row) for row, k in zip(z, y.tolist(), strict=True)])


class SparseEmbedding(Plain):
    """The label by rows that are looked up, with a sparse gradient; dropout in training."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.rows = nn.Embedding(num_classes, num_classes, sparse=True)

    def one_hot(self, y):
        return F.dropout(self.rows(y), 0.1, self.training)


class ForgetsLabels(Plain):
    """Told nothing, now and then, in training: so that it can be asked without a label as well."""

    def one_hot(self, y):
        rows = super().one_hot(y)
        return rows * (torch.rand(len(y), 1) > 0.1 * self.training)


class Thermometer(Plain):
    """As many ones as the label says: a column for each class, and no row follows from others."""

    def one_hot(self, y):
        return (torch.arange(self.num_classes) <= y[:, None]).float()


class KeepsRows(Plain):
    """The rows are no buffer; but every model makes the same."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.rows = torch.eye(num_classes, dtype=torch.float64)

    def one_hot(self, y):
        return self.rows[y].float()


# --- wrong: in one mode alone, or in disguise ---------------------------------------------------


class MeanInTraining(Plain):
    def draw(self, mu, log_var):
        return mu if self.training else super().draw(mu, log_var)


class MeanInEvaluation(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var) if self.training else mu


class LittleNoiseInTraining(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var - 4.6 * self.training)


class SigmaCutInTraining(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var.detach() if self.training else log_var)


class DecoderNotToldInTraining(Plain):
    def decode(self, z, y):
        return super().decode(z, torch.zeros_like(y) if self.training else y)


class ShufflesLabelsInTraining(Plain):
    def decode(self, z, y):
        return super().decode(z, y[torch.randperm(len(y))] if self.training else y)


class SigmoidInTraining(Plain):
    def decode(self, z, y):
        logits = super().decode(z, y)
        return logits.sigmoid() if self.training else logits


class ClampedInTheDraw(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var.clamp(-3, 3))


class Squared(Plain):
    """The label as one number, from 0 to 1, and bent."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.encoder[0] = nn.Linear(input_dim + 1, 64)
        self.decoder[0] = nn.Linear(latent_dim + 1, 64)

    def one_hot(self, y):
        return (y[:, None] / self.num_classes) ** 2


class BinaryDigits(Plain):
    def one_hot(self, y):
        return (y[:, None] >> torch.arange(self.num_classes) & 1).float()


class RandomRows(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.rows = torch.randn(num_classes, num_classes)

    def one_hot(self, y):
        return self.rows[y]


# --- wrong: how it is built -----------------------------------------------------------------------


class NoModule:
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        self.sizes = input_dim, latent_dim, num_classes

    def forward(self, x, y):
        return x, y, y


class NoSuper(nn.Module):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        self.encoder = nn.Linear(input_dim + num_classes, 2 * latent_dim)


class OtherOrder(Plain):
    def __init__(self, input_dim=784, num_classes=10, latent_dim=20):
        super().__init__(input_dim, latent_dim, num_classes)


class OtherDefault(Plain):
    def __init__(self, input_dim=784, latent_dim=2, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)


class DetachedLogits(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return logits.detach(), mu, log_var


class NoDecode(nn.Module):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__()
        self.layer = nn.Linear(input_dim, 2 * latent_dim)

    def encode(self, x, y):
        return self.layer(x).chunk(2, 1)

    def forward(self, x, y):
        return (x, *self.encode(x, y))


class EncodesWithoutLabel(Plain):
    """Told nothing, by its very signature."""

    def encode(self, x):
        return super().encode(x, torch.zeros(len(x), dtype=torch.long))


class Seeds(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        torch.manual_seed(0)
        super().__init__(input_dim, latent_dim, num_classes)


class SeedsForward(Plain):
    def forward(self, x, y):
        torch.manual_seed(0)
        return super().forward(x, y)


# --- wrong: shapes --------------------------------------------------------------------------------


class FixedInput(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(784, latent_dim, num_classes)


class FixedLatent(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, 20, num_classes)

    def encode(self, x, y):
        mu, log_var = self.encoder(torch.cat([x, self.one_hot(y)], 1)).chunk(2, 1)
        return mu, log_var

    def decode(self, z, y):
        z = F.pad(z, (0, 20 - z.shape[1]))
        return super().decode(z, y)


class OneHotAlone(Plain):
    """As many columns as the largest label of the batch needs."""

    def one_hot(self, y):
        return F.one_hot(y).float()


class Squeezes(Plain):
    def decode(self, z, y):
        return super().decode(z, y).squeeze()


class NotSplit(Plain):
    def encode(self, x, y):
        both = self.encoder(torch.cat([x, self.one_hot(y)], 1))
        return both, both

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)[0].chunk(2, 1)
        return self.decode(self.draw(mu, log_var), y), mu, log_var


class AsImages(Plain):
    def decode(self, z, y):
        logits = super().decode(z, y)
        side = int(logits.shape[1] ** 0.5)
        return logits.view(-1, 1, side, side)


class OnlyLogits(Plain):
    def forward(self, x, y):
        return super().forward(x, y)[0]


class ReturnsZ(Plain):
    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        z = self.draw(mu, log_var)
        return self.decode(z, y), mu, log_var, z


class LogitsLast(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return mu, log_var, logits


# --- wrong: the label -----------------------------------------------------------------------------


class LabelNowhere(Plain):
    def one_hot(self, y):
        return torch.zeros(len(y), self.num_classes)


class EncoderNotTold(Plain):
    def encode(self, x, y):
        return super().encode(x, torch.zeros_like(y))


class DecoderNotTold(Plain):
    def decode(self, z, y):
        return super().decode(z, torch.zeros_like(y))


class AsNumber(Plain):
    """y joined as one number."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, 1)

    def one_hot(self, y):
        return y.float()[:, None]


class FiveNames(Plain):
    """Right for five classes, and no more."""

    def one_hot(self, y):
        return super().one_hot(y % 5)


class BelowOne(Plain):
    """Labels that begin at 1."""

    def one_hot(self, y):
        return super().one_hot(y - 1)


class JoinedBelow(Plain):
    def encode(self, x, y):
        mu, log_var = self.encoder(torch.cat([x, self.one_hot(y)], 0)).chunk(2, 1)
        return mu, log_var


class LogSoftmax(Plain):
    def decode(self, z, y):
        return torch.log_softmax(super().decode(z, y), 1)


class NoiseInEncode(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return self.draw(mu, log_var), log_var

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(mu, y), mu, log_var


class SameHead(Plain):
    def encode(self, x, y):
        mu, _ = super().encode(x, y)
        return mu, mu


class ConstantLogVar(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu, self.encoder[2].bias.chunk(2)[1].expand_as(log_var) + 0.1 * self.one_hot(y) @ (
            torch.ones(self.num_classes, log_var.shape[1])
        )


class IgnoresPicture(Plain):
    def encode(self, x, y):
        return super().encode(torch.zeros_like(x), y)


class IgnoresCode(Plain):
    def decode(self, z, y):
        return super().decode(torch.zeros_like(z), y)


class Softplus(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu, F.softplus(log_var)


class LogSigmoid(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu, F.logsigmoid(log_var)


class TanhMean(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return torch.tanh(mu), log_var


class Sigmoids(Plain):
    def decode(self, z, y):
        return torch.sigmoid(super().decode(z, y))


class SoftmaxOverBatch(Plain):
    def encode(self, x, y):
        return super().encode(x * torch.softmax(x, 0), y)


class LabelsTurned(Plain):
    """The labels joined in the opposite order of the pictures."""

    def decode(self, z, y):
        return super().decode(z, y.flip(0))


# --- wrong: the draw ------------------------------------------------------------------------------


class SwappedResults(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return logits, log_var, mu


class OtherParameters(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return logits, mu, torch.exp(log_var / 2)


class MeanOnly(Plain):
    def draw(self, mu, log_var):
        return mu


class Variance(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var) * torch.randn_like(mu)


class LogVarTimesNoise(Plain):
    def draw(self, mu, log_var):
        return mu + log_var * torch.randn_like(mu)


class UnitNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.randn_like(mu)


class PriorNoise(Plain):
    def draw(self, mu, log_var):
        return torch.randn_like(mu)


class WithoutMean(Plain):
    def draw(self, mu, log_var):
        return torch.exp(log_var / 2) * torch.randn_like(mu)


class SignTurned(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(-log_var / 2) * torch.randn_like(mu)


class SharedNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.randn_like(mu)[:1]


class PlacesChanged(Plain):
    def draw(self, mu, log_var):
        return mu * torch.randn_like(mu) + torch.exp(log_var / 2)


class UniformNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.rand_like(mu)


class HalfNoise(Plain):
    def draw(self, mu, log_var):
        return mu + 0.5 * torch.exp(log_var / 2) * torch.randn_like(mu)


class OwnNoise(Plain):
    """Noise from a generator of its own, of some shape; with a loop it is right."""

    def noise(self, mu):
        own = torch.Generator().manual_seed(torch.seed())
        return torch.stack([torch.randn(mu.shape[1], generator=own) for _ in mu])

    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * self.noise(mu)


class ByKeyword(OwnNoise):
    def decode(self, z, labels):
        return super().decode(z, labels)

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(self.draw(mu, log_var), labels=y), mu, log_var


class OneForThePicture(OwnNoise):
    def noise(self, mu):
        return torch.randn(len(mu), 1)


class OneForTheBatch(OwnNoise):
    def noise(self, mu):
        return torch.randn(1, mu.shape[1])


class OneForEver(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.register_buffer("kept", torch.randn(100, latent_dim))

    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * self.kept[: len(mu)]


class AlwaysZero(Plain):
    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        return self.decode(self.draw(mu, log_var), torch.zeros_like(y)), mu, log_var


class ClippedLogits(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return torch.relu(logits), mu, log_var


class OtherLabels(Plain):
    """Decodes beside the method, with the labels of the neighbours."""

    def forward(self, x, y):
        mu, log_var = self.encode(x, y)
        rows = self.one_hot(y.roll(1))
        return self.decoder(torch.cat([self.draw(mu, log_var), rows], 1)), mu, log_var


class SigmoidInForward(Plain):
    def forward(self, x, y):
        logits, mu, log_var = super().forward(x, y)
        return logits.sigmoid(), mu, log_var


# --- wrong: gradients -----------------------------------------------------------------------------


class Cut(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var).detach()


class SigmaCut(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2).detach() * torch.randn_like(mu)


class NoGradEncoder(Plain):
    def encode(self, x, y):
        with torch.no_grad():
            return super().encode(x, y)


class PlainTensors(Plain):
    """Label rows that could be learnt, and are no parameters."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.rows = torch.randn(num_classes, num_classes, requires_grad=True)

    def one_hot(self, y):
        return self.rows[y]


class UnusedLayer(Plain):
    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.extra = nn.Linear(latent_dim, latent_dim)


class Frozen(Plain):
    """A decoder that training may not change."""

    def __init__(self, input_dim=784, latent_dim=20, num_classes=10):
        super().__init__(input_dim, latent_dim, num_classes)
        self.decoder.requires_grad_(False)


# --- accepted, and rejected with these words ------------------------------------------------------


class SofterInTraining(Plain):
    """Label smoothing, thought of as something for training alone."""

    def one_hot(self, y):
        rows = super().one_hot(y)
        return 0.9 * rows + 0.1 / self.num_classes if self.training else rows


class LouderInTraining(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu, (log_var + 0.1 if self.training else log_var)


class CoolerInTraining(Plain):
    def decode(self, z, y):
        logits = super().decode(z, y)
        return logits / 2 if self.training else logits


class HeldLogVar(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu, log_var.clamp(-1, 1)


class HeldLogitsInTraining(Plain):
    def decode(self, z, y):
        logits = super().decode(z, y)
        return logits.clamp(-5, 5) if self.training else logits


class HeldMu(Plain):
    def encode(self, x, y):
        mu, log_var = super().encode(x, y)
        return mu.clamp(-3, 3), log_var


RIGHT = [
    Plain,
    TwoHeads,
    Embedded,
    Narrow,
    Convolutional,
    Deep,
    AnyInteger,
    ByClass,
    OwnNoise,
    ByKeyword,
    OneForEach,
    SparseEmbedding,
    ForgetsLabels,
    Thermometer,
    KeepsRows,
]

WRONG = {
    NoModule: "not a network of PyTorch yet",
    NoSuper: "`super().__init__()` is missing",
    OtherOrder: "is built with (input_dim, latent_dim, num_classes)",
    OtherDefault: "has the default 2",
    DetachedLogits: "The logits that `forward` returns do not remember",
    NoDecode: "has no method `decode`",
    EncodesWithoutLabel: "The method `encode` is called with (x, y)",
    Seeds: "Your `__init__` seeds",
    SeedsForward: "Your `forward` seeds",
    FixedInput: "num_classes=4)` it does not",
    FixedLatent: "`encode(x, y)` returned (5, 20) and (5, 20)",
    OneHotAlone: "say how many there are",
    Squeezes: "A batch of one picture comes back",
    NotSplit: "Cut the last layer's output in two",
    AsImages: "Pictures are rows here",
    OnlyLogits: "`forward(x, y)` returned a tensor",
    ReturnsZ: "`forward(x, y)` returned 4 things",
    LogitsLast: "The order is logits, mu, log_var",
    LabelNowhere: "neither `encode` nor `decode` looks at y",
    EncoderNotTold: "The encoder is not told the label",
    DecoderNotTold: "The decoder is not told the label",
    AsNumber: "The label goes in as an amount",
    FiveNames: "no difference to the encoder: of 0 to 12",
    BelowOne: "Class values must be non-negative",
    JoinedBelow: "to put labels below pictures",
    LogSoftmax: "confined, by a ReLU, tanh, logsigmoid or log_softmax",
    OneForThePicture: "one number for the whole code",
    OneForTheBatch: "shared by the pictures of a batch",
    OneForEver: "is the same at every call",
    AlwaysZero: "`forward` tells `decode` other labels",
    ClippedLogits: "`forward` changes what `decode` gave",
    NoiseInEncode: "`encode(x, y)` gave two different results",
    SameHead: "mu and log_var are the same numbers",
    ConstantLogVar: "log_var is the same for every picture",
    IgnoresPicture: "`encode` does not look at x",
    IgnoresCode: "`decode` does not look at z",
    Softplus: "never comes below 0",
    LogSigmoid: "never comes above 0",
    TanhMean: "Your mu is confined",
    Sigmoids: "returns numbers between 0 and 1",
    SoftmaxOverBatch: "What `encode(x, y)` makes of an example changes",
    LabelsTurned: "What `decode(z, y)` makes of an example changes",
    SwappedResults: "returns log_var before mu",
    OtherParameters: "are not those of `encode(x, y)`",
    MeanOnly: "`forward` decodes mu itself",
    Variance: "which is the variance",
    LogVarTimesNoise: "multiplied by log_var itself",
    UnitNoise: "added as it is",
    PriorNoise: "decodes pure noise",
    WithoutMean: "mu is missing from z",
    SignTurned: "The sign in the exponent",
    SharedNoise: "gets the same noise",
    PlacesChanged: "have changed places",
    UniformNoise: "The noise is uniform",
    HalfNoise: "N(0, 1) has 0 and 1",
    OtherLabels: "with these labels",
    SigmoidInForward: "passes what `decode` gave through a sigmoid",
    Cut: "the graph is cut at the draw",
    SigmaCut: "no gradient to log_var",
    NoGradEncoder: "does not remember the weights",
    PlainTensors: "are not among its `parameters()`",
    UnusedLayer: "No gradient reaches",
    Frozen: "400 steps of Adam",
    MeanInTraining: "Is there an `if self.training`?\n`forward` decodes mu itself",
    MeanInEvaluation: "in evaluation mode, after `model.eval()`, it is not.",
    LittleNoiseInTraining: "`if self.training`?\nMeasured against mu and exp(log_var / 2)",
    SigmaCutInTraining: "`if self.training`?\nThe reconstruction sends no gradient to log_var",
    DecoderNotToldInTraining: "`if self.training`?\nThe decoder is not told the label",
    ShufflesLabelsInTraining: "they are shuffled",
    SigmoidInTraining: "`if self.training`?\n`decode` returns numbers between 0 and 1",
    ClampedInTheDraw: "Is log_var or mu cut to a range",
    SofterInTraining: "The same input gives other numbers for mu than",
    LouderInTraining: "The same input gives other numbers for log_var than",
    CoolerInTraining: "The same input gives other numbers for the logits than",
    Squared: "13 labels go in as a single number",
    BinaryDigits: "13 labels go in as 4 numbers",
    RandomRows: "neither parameter nor buffer",
    HeldLogVar: "Your log_var stops at -1",
    HeldMu: "Your mu stops at -3",
    HeldLogitsInTraining: "Your logits stop at -5",
}
