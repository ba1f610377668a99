"""Answers to `SmallVAE`, lesson 08, as learners write them."""

import math

import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


class Plain(nn.Module):
    """One hidden layer each way; what the others below are made from."""

    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(input_dim, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, input_dim)
        )

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)

    def decode(self, z):
        return self.decoder(z)

    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.randn_like(mu)

    def forward(self, x):
        mu, log_var = self.encode(x)
        return self.decode(self.draw(mu, log_var)), mu, log_var

    def pixels(self, logits, x):
        return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)

    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)

    def loss(self, x):
        logits, mu, log_var = self(x)
        return self.pixels(logits, x) + self.kl(mu, log_var)


class Distributions(nn.Module):
    """Two heads, and everything else by torch.distributions."""

    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__()
        self.body = nn.Linear(input_dim, hidden)
        self.mean, self.log_variance = (nn.Linear(hidden, latent_dim) for _ in range(2))
        self.up, self.out = nn.Linear(latent_dim, hidden), nn.Linear(hidden, input_dim)

    def encode(self, x):
        h = torch.tanh(self.body(x))
        return self.mean(h), self.log_variance(h)

    def decode(self, z):
        return self.out(torch.tanh(self.up(z)))

    def forward(self, x):
        mu, log_var = self.encode(x)
        q = Normal(mu, (0.5 * log_var).exp())
        return self.decode(q.rsample()), q.loc, 2 * q.stddev.log()

    def loss(self, x):
        logits, mu, log_var = self.forward(x)
        story = Bernoulli(logits=logits, validate_args=False)
        prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
        kl = kl_divergence(Normal(mu, (0.5 * log_var).exp()), prior)
        return kl.sum(-1) - story.log_prob(x).sum(-1)


class OneDraw(Plain):
    """The KL not in closed form, but as log q(z|x) - log p(z) at the draw."""

    def loss(self, x):
        mu, log_var = self.encode(x)
        z = self.draw(mu, log_var)
        log_q = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))
        log_p = -0.5 * (z**2 + math.log(2 * math.pi))
        return self.pixels(self.decode(z), x) + (log_q - log_p).sum(1)


class BySoftplus(Plain):
    """Cross-entropy from softplus, and noise from a generator of its own."""

    def draw(self, mu, log_var):
        own = torch.Generator().manual_seed(torch.seed())
        noise = torch.randn(mu.shape, generator=own, dtype=mu.dtype)
        return mu + noise * log_var.exp().sqrt()

    def pixels(self, logits, x):
        return (F.softplus(logits) - x * logits).sum(dim=1)

    def kl(self, mu, log_var):
        return -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1)


class Deep(Plain):
    """More layers, with batch normalisation and dropout, which know training from evaluation."""

    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(input_dim, hidden, latent_dim)
        self.encoder = nn.Sequential(
            nn.Linear(input_dim, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, hidden // 2),
            nn.ELU(),
            nn.Linear(hidden // 2, 2 * latent_dim),
        )


class Convolutional(nn.Module):
    """Convolutions along the row of pixels, and lazy layers."""

    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__()
        self.look = nn.Conv1d(1, 4, 5, padding=2)
        self.body = nn.LazyLinear(hidden)
        self.heads = nn.Linear(hidden, 2 * latent_dim)
        self.up = nn.Sequential(nn.Linear(latent_dim, hidden), nn.SiLU())
        self.out = nn.Linear(hidden, input_dim)
        self.latent_dim = latent_dim

    def encode(self, x):
        h = F.gelu(self.body(F.gelu(self.look(x[:, None])).flatten(1)))
        both = self.heads(h)
        return both[:, : self.latent_dim], both[:, self.latent_dim :]

    def decode(self, z):
        return self.out(self.up(z))

    def forward(self, x):
        mu, log_var = self.encode(x)
        return self.decode(mu + (log_var / 2).exp() * torch.randn_like(log_var)), mu, log_var

    def loss(self, x):
        logits, mu, log_var = self(x)
        each = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return each.sum(1) + ((mu.square() + log_var.expm1() - log_var) / 2).sum(1)


class PastTheMethods(Plain):
    """The loss goes by the layers and not by the methods."""

    def loss(self, x):
        mu, log_var = self.encoder(x).tensor_split(2, dim=1)
        logits = self.decoder(self.draw(mu, log_var))
        return self.pixels(logits, x) + self.kl(mu, log_var)


class PictureByPicture(Plain):
    """Slow, and right."""

    def loss(self, x):
        losses = []
        for picture in x:
            logits, mu, log_var = self(picture[None])
            losses.append(self.pixels(logits, picture[None]).sum() + self.kl(mu, log_var).sum())
        return torch.stack(losses)


class InParts(Plain):
    """Few pictures at a time, as memory wants it."""

    def loss(self, x):
        return torch.cat([super(InParts, self).loss(part) for part in x.split(4)])


# --- wrong: how it is built -----------------------------------------------------------------------


class NoSuper(nn.Module):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        self.encoder = nn.Linear(input_dim, 2 * latent_dim)


class OtherDefault(Plain):
    def __init__(self, input_dim=784, hidden=400, latent_dim=2):
        super().__init__(input_dim, hidden, latent_dim)


class NoLoss(nn.Module):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__()
        self.layer = nn.Linear(input_dim, 2 * latent_dim)

    def encode(self, x):
        return self.layer(x).chunk(2, 1)

    def decode(self, z):
        return z

    def forward(self, x):
        return (x, *self.encode(x))


class LossMadeInInit(NoLoss):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(input_dim, hidden, latent_dim)
        self.loss = nn.BCEWithLogitsLoss(reduction="none")


class LossOfThree(Plain):
    """The loss of many an example on the web: it takes what `forward` gave."""

    def loss(self, logits, x, mu, log_var):
        return self.pixels(logits, x) + self.kl(mu, log_var)


class Seeds(Plain):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        torch.manual_seed(0)
        super().__init__(input_dim, hidden, latent_dim)


class SeedsForward(Plain):
    def forward(self, x):
        torch.manual_seed(0)
        return super().forward(x)


class SeedsLoss(Plain):
    def loss(self, x):
        torch.manual_seed(0)
        return super().loss(x)


# --- wrong: shapes --------------------------------------------------------------------------------


class FixedSizes(Plain):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(784, 400, 20)


class IgnoresHidden(Plain):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(input_dim, 32, latent_dim)


class NotSplit(Plain):
    def encode(self, x):
        both = self.encoder(x)
        return both, both

    def forward(self, x):
        mu, log_var = self.encode(x)[0].chunk(2, 1)
        return self.decode(self.draw(mu, log_var)), mu, log_var


class AsImages(Plain):
    def decode(self, z):
        logits = super().decode(z)
        side = int(logits.shape[1] ** 0.5)
        return logits.view(-1, 1, side, side)


class Squeezes(Plain):
    def decode(self, z):
        return super().decode(z).squeeze()


class OnlyLogits(Plain):
    def forward(self, x):
        return super().forward(x)[0]


class LogitsLast(Plain):
    def forward(self, x):
        logits, mu, log_var = super().forward(x)
        return mu, log_var, logits


class Views(Plain):
    def encode(self, x):
        return super().encode(x.view(-1).view(len(x), -1))


class FloatNoise(Plain):
    def decode(self, z):
        return super().decode(z.float())


# --- wrong: the halves ----------------------------------------------------------------------------


class SameHead(Plain):
    def encode(self, x):
        mu, _ = super().encode(x)
        return mu, mu


class ConstantLogVar(Plain):
    def encode(self, x):
        mu, log_var = super().encode(x)
        return mu, self.encoder[2].bias.chunk(2)[1].expand_as(log_var)


class Softplus(Plain):
    def encode(self, x):
        mu, log_var = super().encode(x)
        return mu, F.softplus(log_var)


class TanhMean(Plain):
    def encode(self, x):
        mu, log_var = super().encode(x)
        return torch.tanh(mu), log_var


class Sigmoids(Plain):
    def decode(self, z):
        return torch.sigmoid(super().decode(z))


class NoiseInEncode(Plain):
    def encode(self, x):
        mu, log_var = super().encode(x)
        return self.draw(mu, log_var), log_var

    def forward(self, x):
        mu, log_var = self.encode(x)
        return self.decode(mu), mu, log_var


class SoftmaxOverBatch(Plain):
    def encode(self, x):
        return super().encode(x * torch.softmax(x, 0))


# --- wrong: the draw ------------------------------------------------------------------------------


class SwappedResults(Plain):
    def forward(self, x):
        logits, mu, log_var = super().forward(x)
        return logits, log_var, mu


class ReturnsSigma(Plain):
    def forward(self, x):
        logits, mu, log_var = super().forward(x)
        return logits, mu, torch.exp(log_var / 2)


class MeanOnly(Plain):
    def draw(self, mu, log_var):
        return mu


class MeanInEvaluation(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var) if self.training else mu


class Variance(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var) * torch.randn_like(mu)


class UnitNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.randn_like(mu)


class SharedNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.randn_like(mu)[:1]


class UniformNoise(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.rand_like(mu)


class MeanTwice(Plain):
    def draw(self, mu, log_var):
        return mu + super().draw(mu, log_var)


class NoiseWithoutSign(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2) * torch.randn_like(mu).abs()


class ClampedInTheDraw(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var.clamp(-3, 3))


class SigmoidInForward(Plain):
    def forward(self, x):
        logits, mu, log_var = super().forward(x)
        return logits.sigmoid(), mu, log_var


# --- wrong: the loss ------------------------------------------------------------------------------


class MeanOverBatch(Plain):
    def loss(self, x):
        return super().loss(x).mean()


class PerPixel(Plain):
    def loss(self, x):
        return F.binary_cross_entropy_with_logits(self(x)[0], x, reduction="none")


class TwoTerms(Plain):
    def loss(self, x):
        logits, mu, log_var = self(x)
        return self.pixels(logits, x), self.kl(mu, log_var)


class MeanOverPixels(Plain):
    def pixels(self, logits, x):
        return F.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(1)


class MeanOfAll(Plain):
    def pixels(self, logits, x):
        return F.binary_cross_entropy_with_logits(logits, x)


class SumOverBatch(Plain):
    def pixels(self, logits, x):
        return F.binary_cross_entropy_with_logits(logits, x, reduction="sum")


class SumOverBatchOfCodes(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum()


class SquaredError(Plain):
    def pixels(self, logits, x):
        return (logits.sigmoid() - x).square().sum(1)


class SigmoidTwice(Plain):
    def pixels(self, logits, x):
        return super().pixels(logits.sigmoid(), x)


class PixelsTurned(Plain):
    def pixels(self, logits, x):
        return -super().pixels(logits, x)


class NoKL(Plain):
    def kl(self, mu, log_var):
        return 0


class KLMean(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + log_var.exp() - log_var - 1).mean(1)


class NoHalf(Plain):
    def kl(self, mu, log_var):
        return 2 * super().kl(mu, log_var)


class KLTurned(Plain):
    def kl(self, mu, log_var):
        return -super().kl(mu, log_var)


class NoOne(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + log_var.exp() - log_var).sum(1)


class LogVarAdded(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + log_var.exp() + log_var - 1).sum(1)


class MuNotSquared(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu + log_var.exp() - log_var - 1).sum(1)


class SigmaForVariance(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + (log_var / 2).exp() - log_var - 1).sum(1)


class LogVarAsLogSigma(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (mu**2 + (2 * log_var).exp() - 2 * log_var - 1).sum(1)


class OtherWay(Plain):
    def kl(self, mu, log_var):
        return 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1).sum(1)


class OnlyMeans(Plain):
    def kl(self, mu, log_var):
        return 0.5 * mu.square().sum(1)


class TheELBO(Plain):
    def loss(self, x):
        return -super().loss(x)


class SeveralDraws(Plain):
    def loss(self, x):
        mu, log_var = self.encode(x)
        pixels = [self.pixels(self.decode(self.draw(mu, log_var)), x) for _ in range(4)]
        return sum(pixels) / 4 + self.kl(mu, log_var)


class LossOfTheMean(Plain):
    """The loss without noise, by itself."""

    def loss(self, x):
        mu, log_var = self.encode(x)
        return self.pixels(self.decode(mu), x) + self.kl(mu, log_var)


class LogOfSigmoid(Plain):
    def pixels(self, logits, x):
        return F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(1)


class SmallNumberInLog(Plain):
    def pixels(self, logits, x):
        p = logits.sigmoid()
        return -(x * (p + 1e-9).log() + (1 - x) * (1 - p + 1e-9).log()).sum(1)


class ClampedKL(Plain):
    def kl(self, mu, log_var):
        return super().kl(mu, log_var.clamp(-5, 5))


class HalfInTraining(Plain):
    def kl(self, mu, log_var):
        return super().kl(mu, log_var) * (0.5 if self.training else 1)


# --- wrong: gradients and traces ------------------------------------------------------------------


class Cut(Plain):
    def draw(self, mu, log_var):
        return super().draw(mu, log_var).detach()


class SigmaCut(Plain):
    def draw(self, mu, log_var):
        return mu + torch.exp(log_var / 2).detach() * torch.randn_like(mu)


class DetachedLogits(Plain):
    def forward(self, x):
        logits, mu, log_var = super().forward(x)
        return logits.detach(), mu, log_var


class KLCut(Plain):
    def kl(self, mu, log_var):
        return super().kl(mu, log_var).detach()


class PixelsCut(Plain):
    def pixels(self, logits, x):
        return super().pixels(logits, x).detach()


class NoGradLoss(Plain):
    @torch.no_grad()
    def loss(self, x):
        return super().loss(x)


class Backward(Plain):
    def loss(self, x):
        loss = super().loss(x)
        loss.sum().backward(retain_graph=True)
        return loss


class Trains(Plain):
    def loss(self, x):
        self.train()
        return super().loss(x)


class UnusedLayer(Plain):
    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(input_dim, hidden, latent_dim)
        self.extra = nn.Linear(hidden, hidden)


class Frozen(Plain):
    """Nothing that training may change but one bias."""

    def __init__(self, input_dim=784, hidden=400, latent_dim=20):
        super().__init__(input_dim, hidden, latent_dim)
        self.requires_grad_(False)
        self.encoder[2].bias.requires_grad_(True)
        self.decoder[0].bias.requires_grad_(True)


# --- accepted, and rejected with these words ------------------------------------------------------

RIGHT = [
    Plain,
    Distributions,
    OneDraw,
    BySoftplus,
    Deep,
    Convolutional,
    PastTheMethods,
    PictureByPicture,
    InParts,
]

WRONG = {
    NoSuper: "`super().__init__()` is missing",
    OtherDefault: "has the default 2",
    NoLoss: "has no method `loss`",
    LossMadeInInit: "`loss` is made in `__init__` here; a method is asked for",
    LossOfThree: "The method `loss` is called with (x)",
    Seeds: "Your `__init__` seeds",
    SeedsForward: "Your `forward` seeds",
    SeedsLoss: "Your `loss` seeds",
    FixedSizes: "latent_dim=6)` it does not",
    IgnoresHidden: "the same number of weights",
    NotSplit: "Cut the last layer's output in two",
    AsImages: "Pictures are rows here",
    Squeezes: "A batch of one picture comes back",
    OnlyLogits: "`forward(x)` returned a tensor",
    LogitsLast: "The order is logits, mu, log_var",
    Views: "Where you have `view`",
    FloatNoise: "In double precision",
    SameHead: "mu and log_var are the same numbers",
    ConstantLogVar: "log_var is the same for every picture",
    Softplus: "never comes below 0",
    TanhMean: "Your mu is confined",
    Sigmoids: "returns numbers between 0 and 1",
    NoiseInEncode: "`encode(x)` gave two different results",
    SoftmaxOverBatch: "What `encode(x)` makes of an example changes",
    SwappedResults: "returns log_var before mu",
    ReturnsSigma: "are not those of `encode(x)`",
    MeanOnly: "`forward` decodes mu itself",
    MeanInEvaluation: "in evaluation mode, after `model.eval()`, it is not.",
    Variance: "which is the variance",
    UnitNoise: "added as it is",
    SharedNoise: "gets the same noise",
    MeanTwice: "but not around mu",
    NoiseWithoutSign: "N(0, 1) has 0 and 1",
    UniformNoise: "The noise is uniform",
    ClampedInTheDraw: "Is log_var or mu cut to a range",
    SigmoidInForward: "passes what `decode` gave through a sigmoid",
    MeanOverBatch: "one number for the whole batch",
    PerPixel: "returned the shape (7, 64)",
    TwoTerms: "the sum of the two terms of each picture",
    MeanOverPixels: "averaged over the pixels",
    MeanOfAll: "one mean over pixels and pictures",
    SumOverBatch: "The reconstruction is summed over the whole batch",
    SumOverBatchOfCodes: "The KL is summed over the whole batch",
    SquaredError: "The reconstruction is a squared error",
    SigmoidTwice: "pass through a sigmoid twice",
    PixelsTurned: "The reconstruction has the wrong sign",
    NoKL: "The KL is missing",
    KLMean: "averaged over the numbers of the code",
    NoHalf: "The ½ of the KL is missing",
    KLTurned: "The KL has the wrong sign",
    NoOne: "lacks its `- 1`",
    LogVarAdded: "log_var has the wrong sign",
    MuNotSquared: "mu is not squared",
    SigmaForVariance: "stands σ where σ² belongs",
    LogVarAsLogSigma: "takes log_var for log σ",
    OtherWay: "the KL the other way",
    OnlyMeans: "only μ² / 2 is there",
    TheELBO: "This is the ELBO itself",
    SeveralDraws: "decodes 4 codes for each picture",
    LossOfTheMean: "no noise is drawn there",
    LogOfSigmoid: "For logits as far out",
    SmallNumberInLog: "A sigmoid before the logarithm",
    ClampedKL: "For mu and log_var as far out",
    HalfInTraining: "Is there an `if self.training`?\n",
    Cut: "the graph is cut at the draw",
    SigmaCut: "no gradient to log_var",
    DetachedLogits: "The logits that `forward` returns do not remember",
    KLCut: "The KL is counted but has no gradient",
    PixelsCut: "The reconstruction is counted but has no gradient",
    NoGradLoss: "nothing could be trained with it",
    Backward: "adds to the gradients",
    Trains: "came back in training mode",
    UnusedLayer: "No gradient reaches",
    Frozen: "300 steps of Adam",
}
