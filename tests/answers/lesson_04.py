"""Answers to the exercises of lesson 04, as learners write them.

`RIGHT` are accepted for every seed. `WRONG` are rejected, each with a message that holds the phrase
beside it and that no other of them gets.
"""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

# --- SparseAutoencoder: right ---------------------------------------------------------------------


class Plain(nn.Module):
    """One layer each way; what the others below are made from."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.sparsity_weight = sparsity_weight
        self.encoder = nn.Sequential(nn.Linear(input_dim, latent_dim), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(latent_dim, input_dim), nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code

    def loss(self, x):
        x_hat, code = self(x)
        error = ((x_hat - x) ** 2).sum(1)
        return (error + self.sparsity_weight * code.abs().sum(1)).mean()


class LinearCode(nn.Module):
    """A code that may be negative, and the loss as two means."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.to_code = nn.Linear(input_dim, latent_dim)
        self.to_x = nn.Linear(latent_dim, input_dim)
        self.weight = sparsity_weight

    def forward(self, x):
        code = self.to_code(x)
        return self.to_x(code), code

    def loss(self, x):
        x_hat, code = self.forward(x)
        error = F.mse_loss(x_hat, x, reduction="sum") / len(x)
        return error + self.weight * torch.norm(code, p=1, dim=1).mean()


class SigmoidCode(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.encoder = nn.Sequential(nn.Linear(input_dim, latent_dim), nn.Sigmoid())


class Deep(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        wide = 2 * latent_dim
        layers = [nn.Linear(input_dim, wide), nn.ReLU(), nn.Linear(wide, latent_dim), nn.ReLU()]
        self.encoder = nn.Sequential(*layers)
        layers = [nn.Linear(latent_dim, wide), nn.GELU(), nn.Linear(wide, input_dim), nn.Sigmoid()]
        self.decoder = nn.Sequential(*layers)


class Convolutional(nn.Module):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.side = math.isqrt(input_dim)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * (self.side // 2) ** 2, latent_dim),
            nn.Softplus(),
        )
        self.decoder = nn.Linear(latent_dim, input_dim)
        self.sparsity_weight = sparsity_weight

    def forward(self, x):
        code = self.encoder(x.view(-1, 1, self.side, self.side))
        return torch.sigmoid(self.decoder(code)), code

    def loss(self, x):
        x_hat, code = self(x)
        return ((x - x_hat).pow(2).sum() + self.sparsity_weight * code.abs().sum()) / x.shape[0]


class Tied(nn.Module):
    """The decoder is the encoder transposed; everything by hand."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.W = nn.Parameter(torch.randn(latent_dim, input_dim) / input_dim**0.5)
        self.b = nn.Parameter(torch.zeros(latent_dim))
        self.c = nn.Parameter(torch.zeros(input_dim))
        self.register_buffer("price", torch.tensor(sparsity_weight))

    def forward(self, x):
        code = F.relu(F.linear(x, self.W, self.b))
        return code @ self.W + self.c, code

    def loss(self, x):
        x_hat, code = self(x)
        return (
            torch.einsum("bd,bd->b", x_hat - x, x_hat - x).mean() + self.price * code.sum(1).mean()
        )


class Dropped(Plain):
    """Dropout before the encoder, in training only."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        code = self.encoder(self.dropout(x))
        return self.decoder(code), code


class Normalised(Plain):
    """Batch normalisation in the encoder."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        layers = [nn.Linear(input_dim, latent_dim), nn.BatchNorm1d(latent_dim), nn.LeakyReLU()]
        self.encoder = nn.Sequential(*layers)


class ByLoops(Plain):
    """One picture after the other."""

    def forward(self, x):
        codes = torch.stack([self.encoder(row) for row in x])
        return torch.stack([self.decoder(code) for code in codes]), codes

    def loss(self, x):
        total = 0
        for row, x_hat, code in zip(x, *self(x), strict=True):
            total = total + (row - x_hat).dot(row - x_hat) + self.sparsity_weight * sum(abs(code))
        return total / len(x)


class Named(NamedTuple):
    x_hat: torch.Tensor
    code: torch.Tensor


class WithMethods(nn.Module):
    """Encode and decode apart, layers in a ModuleList, a named result, and a code left behind."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3, hidden=32):
        super().__init__()
        self.weight = float(sparsity_weight)
        sizes = [input_dim, hidden, latent_dim, hidden, input_dim]
        self.layers = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))

    def encode(self, x):
        return self.layers[1](torch.tanh(self.layers[0](x)))

    def decode(self, code):
        return self.layers[3](torch.tanh(self.layers[2](code)))

    def forward(self, x):
        self.last_code = self.encode(x)
        return Named(self.decode(self.last_code), self.last_code)

    def loss(self, x):
        x_hat, code = self(x)
        errors = nn.MSELoss(reduction="none")(x_hat, x).sum(dim=-1)
        return torch.mean(errors) + self.weight * torch.mean(code.abs().sum(dim=-1))


class Lazy(Plain):
    """Layers that find their size when they first see a picture."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.encoder = nn.Sequential(nn.LazyLinear(latent_dim), nn.ReLU())


class NoisyInTraining(Plain):
    def forward(self, x):
        seen = x + 0.1 * torch.randn_like(x) if self.training else x
        code = self.encoder(seen)
        return self.decoder(code), code


# --- SparseAutoencoder: wrong ---------------------------------------------------------------------


class NoModule:
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        self.encoder = nn.Linear(input_dim, latent_dim)

    def forward(self, x):
        return x, x

    def loss(self, x):
        return x.sum()


class NoSuper(nn.Module):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        self.encoder = nn.Linear(input_dim, latent_dim)


class OtherArguments(Plain):
    def __init__(self, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(784, latent_dim, sparsity_weight)


class NoDefaults(Plain):
    def __init__(self, input_dim, latent_dim, sparsity_weight):
        super().__init__(input_dim, latent_dim, sparsity_weight)


class OtherDefault(Plain):
    def __init__(self, input_dim=784, latent_dim=32, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)


class NoLoss(nn.Module):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.layer = nn.Linear(input_dim, latent_dim)

    def forward(self, x):
        return x, self.layer(x)


class NoForward(nn.Module):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.layer = nn.Linear(input_dim, latent_dim)

    def loss(self, x):
        return self.layer(x).sum()


class LossTakesReconstruction(Plain):
    def loss(self, x, x_hat, code):
        return ((x - x_hat) ** 2).sum(1).mean() + self.sparsity_weight * code.abs().sum(1).mean()


class Seeds(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        torch.manual_seed(0)
        super().__init__(input_dim, latent_dim, sparsity_weight)


class SeedsForward(Plain):
    def forward(self, x):
        torch.manual_seed(0)
        return super().forward(x)


class LearnsTheWeight(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim)
        self.sparsity_weight = nn.Parameter(torch.tensor(sparsity_weight))


class OnlyReconstruction(Plain):
    def forward(self, x):
        return self.decoder(self.encoder(x))


class Swapped(Plain):
    def forward(self, x):
        code = self.encoder(x)
        return code, self.decoder(code)


class AsImages(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        side = math.isqrt(x.shape[1])
        return x_hat.view(-1, 1, side, side), code


class FixedInput(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(784, latent_dim, sparsity_weight)


class FixedLatent(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, 64, sparsity_weight)


class NewLayersEachTime(Plain):
    def forward(self, x):
        code = torch.relu(nn.Linear(x.shape[1], self.encoder[0].out_features)(x))
        return self.decoder(code), code


class SoftmaxOverBatch(Plain):
    def forward(self, x):
        code = torch.softmax(self.encoder(x), dim=0)
        return self.decoder(code), code


class Dead(Plain):
    def forward(self, x):
        code = torch.relu(-self.encoder(x))
        return self.decoder(code), code


class DetachedCode(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat, code.detach()


class DecodesDetached(Plain):
    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code.detach()), code


class Skips(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat + 0.5 * x, code


class DecodesBeforeReLU(Plain):
    """Returns the sparse code, but decodes the one before the ReLU."""

    def forward(self, x):
        before = self.encoder[0](x)
        return self.decoder(before), torch.relu(before)


class AddsDetached(Plain):
    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code) + x.detach(), code


class AddsHalfDetached(LinearCode):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat + 0.5 * x.detach(), code


class MasksWithInk(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat * (x > 0), code


class WhereWhite(Deep):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return torch.where(x == 0, 0.0, x_hat), code


class SkipsInTraining(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat + 0.5 * x if self.training else x_hat, code


class SkipsInNoisyTraining(Dropped):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat + x.detach() if self.training else x_hat, code


class Softmaxed(Plain):
    def forward(self, x):
        code = torch.softmax(self.encoder[0](x), dim=1)
        return self.decoder(code), code


class DecodesHalf(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.half = latent_dim // 2
        self.decoder = nn.Sequential(nn.Linear(self.half, input_dim), nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code[:, : self.half]), code


class InputDetached(Plain):
    def forward(self, x):
        x = x.detach()
        return super().forward(x)


class PlainList(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        del self.encoder
        self.layers = [nn.Linear(input_dim, latent_dim), nn.ReLU()]

    def forward(self, x):
        code = x
        for layer in self.layers:
            code = layer(code)
        return self.decoder(code), code


class FirstPixels(Plain):
    """An encoder without anything to learn."""

    def forward(self, x):
        code = x[:, : self.decoder[0].in_features]
        return self.decoder(code), code


class PlainTensors(Plain):
    """Two matrices that are no parameters."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        nn.Module.__init__(self)
        self.sparsity_weight = sparsity_weight
        self.down = torch.randn(input_dim, latent_dim) / 28
        self.up = torch.randn(latent_dim, input_dim) / 8

    def forward(self, x):
        code = torch.relu(x @ self.down)
        return code @ self.up, code


class LossOf(Plain):
    """A loss that is made of x, x_hat and code in another way."""

    def loss(self, x):
        x_hat, code = self(x)
        return self.of(x, x_hat, code, self.sparsity_weight)


def error(x, x_hat):
    return ((x - x_hat) ** 2).sum(1).mean()


def price(code):
    return code.abs().sum(1).mean()


class MeanOverPixels(LossOf):
    def of(self, x, x_hat, code, w):
        return F.mse_loss(x_hat, x) + w * price(code)


class BothMeans(LossOf):
    def of(self, x, x_hat, code, w):
        return F.mse_loss(x_hat, x) + w * code.abs().mean()


class BothSums(LossOf):
    def of(self, x, x_hat, code, w):
        return F.mse_loss(x_hat, x, reduction="sum") + w * code.abs().sum()


class SumOverBatch(LossOf):
    def of(self, x, x_hat, code, w):
        return F.mse_loss(x_hat, x, reduction="sum") + w * price(code)


class Half(LossOf):
    def of(self, x, x_hat, code, w):
        return 0.5 * error(x, x_hat) + w * price(code)


class CrossEntropy(LossOf):
    def of(self, x, x_hat, code, w):
        nats = F.binary_cross_entropy(x_hat, x, reduction="sum") / len(x)
        return nats + w * price(code)


class MeanCrossEntropy(LossOf):
    def of(self, x, x_hat, code, w):
        return F.binary_cross_entropy(x_hat, x) + w * price(code)


class AbsoluteError(LossOf):
    def of(self, x, x_hat, code, w):
        return (x - x_hat).abs().sum(1).mean() + w * price(code)


class Distance(LossOf):
    def of(self, x, x_hat, code, w):
        return (x - x_hat).norm(dim=1).mean() + w * price(code)


class NoError(LossOf):
    def of(self, x, x_hat, code, w):
        return w * price(code)


class NoPenalty(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat)


class MeanOverUnits(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * code.abs().mean()


class PenaltySummedOverBatch(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * code.abs().sum()


class AbsForgotten(LinearCode):
    def loss(self, x):
        x_hat, code = self(x)
        return error(x, x_hat) + self.weight * code.sum(1).mean()


class Squared(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * (code**2).sum(1).mean()


class Length(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * code.norm(dim=1).mean()


class OnReconstruction(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * x_hat.abs().sum(1).mean()


class OnParameters(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * sum(p.abs().sum() for p in self.parameters())


class OnEncoderWeights(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * self.encoder[0].weight.abs().sum()


class WeightDecay(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * sum((p**2).sum() for p in self.parameters())


class Unweighted(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + price(code)


class FixedWeight(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + 0.001 * price(code)


class AnotherFixedWeight(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + 0.05 * price(code)


class TwiceThePenalty(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + 2 * w * price(code)


class WeightOnError(LossOf):
    def of(self, x, x_hat, code, w):
        return w * error(x, x_hat) + price(code)


class OnDecoderWeights(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * self.decoder[0].weight.abs().sum()


class BeforeActivation(Plain):
    """No known part: the penalty is on what goes into the ReLU."""

    def loss(self, x):
        before = self.encoder[0](x)
        return error(x, self(x)[0]) + self.sparsity_weight * price(before)


class ForgetsTheWeight(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        return error(x, x_hat) + sparsity_weight * price(code)


class Subtracted(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) - w * price(code)


class WeighsAll(LossOf):
    def of(self, x, x_hat, code, w):
        return w * (error(x, x_hat) + price(code))


class PerPicture(LossOf):
    def of(self, x, x_hat, code, w):
        return ((x - x_hat) ** 2).sum(1) + w * code.abs().sum(1)


class TwoTerms(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat), w * price(code)


class Item(LossOf):
    def of(self, x, x_hat, code, w):
        return (error(x, x_hat) + w * price(code)).item()


class NoGradient(LossOf):
    @torch.no_grad()
    def loss(self, x):
        return Plain.loss(self, x)


class PenaltyDetached(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat) + w * price(code.detach())


class ErrorDetached(LossOf):
    def of(self, x, x_hat, code, w):
        return error(x, x_hat.detach()) + w * price(code)


class TargetMoves(LossOf):
    """Half of the gradient of the error is lost."""

    def of(self, x, x_hat, code, w):
        half = (x_hat - x).detach()
        return ((x_hat - x) * half).sum(1).mean() + w * price(code)


class Stale(Plain):
    """The loss of whatever forward saw last."""

    def forward(self, x):
        self.x, (self.x_hat, self.code) = x, super().forward(x)
        return self.x_hat, self.code

    def loss(self, x):
        return error(self.x, self.x_hat) + self.sparsity_weight * price(self.code)


class Trains(Plain):
    def loss(self, x):
        loss = super().loss(x)
        optimizer = torch.optim.SGD(self.parameters(), lr=0.01)
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        optimizer.step()
        return loss


class Backward(Plain):
    def loss(self, x):
        loss = super().loss(x)
        loss.backward(retain_graph=True)
        return loss


class InPlace(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        x -= x_hat
        return (x**2).sum(1).mean() + self.sparsity_weight * price(code)


class UnusedLayer(Plain):
    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.hidden = nn.Linear(latent_dim, latent_dim)


class DrownsInTraining(Plain):
    """Right in evaluation mode; in training mode the code is thrown away."""

    def forward(self, x):
        code = self.encoder(x)
        if self.training:
            return self.decoder(torch.zeros_like(code)).detach() + 0 * code.sum(), code * 0
        return self.decoder(code), code


class FreeInTraining(Plain):
    def loss(self, x):
        return error(x, self(x)[0]) if self.training else super().loss(x)


class HardCodedBatch(LossOf):
    """No known part: the generic message has to do."""

    def of(self, x, x_hat, code, w):
        return (((x - x_hat) ** 2).sum() + w * code.abs().sum()) / 128


# --- kl_sparsity: right ---------------------------------------------------------------------------


def kl_formula(activations, target):
    m = torch.clamp(activations.mean(dim=0), 1e-6, 1 - 1e-6)
    return torch.sum(
        target * torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))
    )


def kl_math_and_torch(activations, target):
    m = (activations.sum(0) / len(activations)).clamp(1e-5, 1 - 1e-5)
    on = target * (math.log(target) - m.log())
    off = (1 - target) * (math.log(1 - target) - torch.log1p(-m))
    return (on + off).sum()


def kl_distributions(activations, target):
    m = activations.mean(0).clamp(min=1e-6, max=1 - 1e-6)
    wanted = torch.distributions.Bernoulli(torch.full_like(m, target))
    return torch.distributions.kl_divergence(wanted, torch.distributions.Bernoulli(m)).sum()


def kl_by_loops(activations, target):
    total = torch.zeros(())
    for unit in activations.T:
        m = unit.mean().clamp(1e-6, 1 - 1e-6)
        total = total + target * (target / m).log() + (1 - target) * ((1 - target) / (1 - m)).log()
    return total


def kl_cross_entropy_less_entropy(activations, target):
    m = activations.mean(0)
    rho = torch.full_like(m, target)
    entropy = -(target * math.log(target) + (1 - target) * math.log(1 - target)) * len(m)
    cross = F.binary_cross_entropy(m.clamp(1e-6, 1 - 1e-6), rho, reduction="sum")
    return cross - entropy


def kl_xlogy(activations, target):
    m = activations.double().mean(0).clamp(1e-7, 1 - 1e-7)
    p = torch.stack([m, 1 - m])
    q = torch.tensor([[target], [1 - target]], dtype=torch.float64)
    return (torch.xlogy(q, q) - q * p.log()).sum().float()


def kl_epsilons(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-7))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-7))).sum()


def kl_millionths(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-6))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-6))).sum()


# --- kl_sparsity: wrong ---------------------------------------------------------------------------


def kl_of(rho, m):
    rho, m = torch.as_tensor(rho), torch.as_tensor(m)
    return rho * torch.log(rho / m) + (1 - rho) * torch.log((1 - rho) / (1 - m))


def kl_reversed(activations, target):
    return kl_of(activations.mean(0), target).sum()


def kl_each_unit(activations, target):
    return kl_of(target, activations.mean(0))


def kl_mean_over_units(activations, target):
    return kl_of(target, activations.mean(0)).mean()


def kl_each_activation(activations, target):
    return kl_of(target, activations).sum(1).mean()


def kl_each_activation_summed(activations, target):
    return kl_of(target, activations).sum()


def kl_each_activation_averaged(activations, target):
    return kl_of(target, activations).mean()


def kl_mean_over_dim_1(activations, target):
    return kl_of(target, activations.mean(dim=1)).sum()


def kl_one_mean(activations, target):
    return kl_of(target, activations.mean())


def kl_first_term(activations, target):
    return (target * torch.log(target / activations.mean(0))).sum()


def kl_second_term(activations, target):
    m = activations.mean(0)
    return ((1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_upside_down(activations, target):
    m = activations.mean(0)
    return (target * torch.log(m / target) + (1 - target) * torch.log((1 - m) / (1 - target))).sum()


def kl_minus(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / m)
    return (on - (1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_cross_entropy(activations, target):
    m = activations.mean(0)
    return F.binary_cross_entropy(m, torch.full_like(m, target), reduction="sum")


def kl_bits(activations, target):
    m = activations.mean(0)
    on = target * torch.log2(target / m)
    return (on + (1 - target) * torch.log2((1 - target) / (1 - m))).sum()


def kl_sigmoid_again(activations, target):
    return kl_of(target, activations.sigmoid().mean(0)).sum()


def kl_squares(activations, target):
    return ((activations.mean(0) - target) ** 2).sum()


def kl_distances(activations, target):
    return (activations.mean(0) - target).abs().sum()


def kl_times_batch(activations, target):
    return kl_of(target, activations.mean(0)).expand_as(activations).sum()


def kl_fixed_target(activations, target):
    return kl_formula(activations, 0.05)


def kl_counts(activations, target):
    return kl_of(target, (activations > 0.5).float().mean(0).clamp(0.01, 0.99)).sum()


def kl_log10(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    on = target * torch.log10(target / m)
    return (on + (1 - target) * torch.log10((1 - target) / (1 - m))).sum()


def kl_sum_over_batch(activations, target):
    return kl_of(target, activations.sum(0).clamp(1e-6, 1 - 1e-6)).sum()


def kl_factor_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (target * torch.log(target / m) + torch.log((1 - target) / (1 - m))).sum()


def kl_first_factor_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (torch.log(target / m) + (1 - target) * torch.log((1 - target) / (1 - m))).sum()


def kl_both_factors_forgotten(activations, target):
    m = activations.mean(0).clamp(1e-6, 1 - 1e-6)
    return (torch.log(target / m) + torch.log((1 - target) / (1 - m))).sum()


def kl_shifted(activations, target):
    return kl_of(target, activations.mean(0) + 1e-6).sum()


def kl_large_epsilon(activations, target):
    m = activations.mean(0)
    on = target * torch.log(target / (m + 1e-3))
    return (on + (1 - target) * torch.log((1 - target) / (1 - m + 1e-3))).sum()


def kl_not_clamped(activations, target):
    return kl_of(target, activations.mean(0)).sum()


def kl_clamped_below_only(activations, target):
    return kl_of(target, activations.mean(0).clamp(min=1e-6)).sum()


def kl_hidden(activations, target):
    return torch.nan_to_num(kl_of(target, activations.mean(0)), posinf=10.0).sum()


def kl_left_out(activations, target):
    m = activations.mean(0)
    inside = (m > 0) & (m < 1)
    return kl_of(target, m[inside]).sum()


def kl_clamped_too_far(activations, target):
    """No known mistake: the generic message has to do."""
    return kl_of(target, activations.mean(0).clamp(0.05, 0.95)).sum()


def kl_detached(activations, target):
    return kl_formula(activations.detach(), target)


def kl_item(activations, target):
    return kl_formula(activations, target).item()


# --- top_k_code: right ----------------------------------------------------------------------------


def top_mask(code, k):
    mask = torch.zeros_like(code)
    mask.scatter_(1, code.abs().topk(k, dim=1).indices, 1)
    return code * mask


def top_gather(code, k):
    kept = torch.topk(torch.abs(code), k).indices
    return torch.zeros_like(code).scatter(-1, kept, torch.gather(code, -1, kept))


def top_argsort(code, k):
    order = code.abs().argsort(dim=1, descending=True)
    return code.masked_fill(order.argsort(dim=1) >= k, 0)


def top_by_loops(code, k):
    rows = []
    for row in code:
        best = sorted(range(len(row)), key=lambda j: -abs(row[j].item()))[:k]
        rows.append(torch.stack([row[j] if j in best else 0 * row[j] for j in range(len(row))]))
    return torch.stack(rows)


def top_one_hot(code, k):
    kept = (code**2).topk(k, dim=1)[1]
    return code * F.one_hot(kept, code.shape[1]).sum(1)


def top_where(code, k):
    keep = torch.zeros(code.shape, dtype=torch.bool)
    rows = torch.arange(len(code))[:, None]
    keep[rows, code.abs().topk(k, dim=1).indices] = True
    return torch.where(keep, code, 0.0)


def top_smallest_dropped(code, k):
    dropped = code.abs().topk(code.shape[1] - k, dim=1, largest=False).indices
    return code.scatter(1, dropped, 0.0)


# --- top_k_code: wrong ----------------------------------------------------------------------------


def top_nothing(code, k):
    return code


def top_by_value(code, k):
    return torch.zeros_like(code).scatter(1, *code.topk(k, dim=1)[::-1])


def top_magnitudes(code, k):
    return top_mask(code.abs(), k)


def top_relu(code, k):
    return torch.relu(top_mask(code, k))


def top_smallest(code, k):
    return torch.where(code.abs().argsort(1).argsort(1) < k, code, 0)


def top_dropped(code, k):
    return code.scatter(1, code.abs().topk(k, dim=1).indices, 0.0)


def top_only_kept(code, k):
    return code.gather(1, code.abs().topk(k, dim=1).indices)


def top_values(code, k):
    return code.abs().topk(k, dim=1).values


def top_returns_mask(code, k):
    return torch.zeros_like(code).scatter(1, code.abs().topk(k, dim=1).indices, 1.0)


def top_moved(code, k):
    kept = top_only_kept(code, k)
    return F.pad(kept, (0, code.shape[1] - k))


def top_first(code, k):
    return torch.cat([code[:, :k], torch.zeros_like(code[:, k:])], dim=1)


def top_columns(code, k):
    order = code.abs().argsort(dim=0, descending=True).argsort(dim=0)
    return code * (order < k)


def top_of_batch(code, k):
    return top_mask(code.reshape(1, -1), k).view_as(code)


def top_of_batch_on_average(code, k):
    return top_mask(code.reshape(1, -1), k * len(code)).view_as(code)


def top_same_units(code, k):
    mask = torch.zeros(code.shape[1])
    mask[code.abs().mean(0).topk(k).indices] = 1
    return code * mask


def top_one_more(code, k):
    return top_mask(code, min(k + 1, code.shape[1]))


def top_strictly_above(code, k):
    return code * (code.abs() > code.abs().topk(k, dim=1).values[:, -1:])


def top_normalised(code, k):
    return F.normalize(top_mask(code, k), dim=1)


def top_straight_through(code, k):
    return code + (top_mask(code, k) - code).detach()


def top_at_least(code, k):
    return code * (code.abs() >= code.abs().topk(k, dim=1).values.min(1, keepdim=True).values)


def top_detached(code, k):
    return top_mask(code.detach(), k)


def top_numpy(code, k):
    return torch.from_numpy(top_mask(code, k).numpy())


def top_in_place(code, k):
    dropped = code.abs().topk(code.shape[1] - k, dim=1, largest=False).indices
    return code.scatter_(1, dropped, 0.0)


def top_pair(code, k):
    return code.abs().topk(k, dim=1)


def top_column_indices(code, k):
    return code.abs().topk(k, dim=0).values


def top_doubled(code, k):
    """No known mistake: the generic message has to do."""
    return 2 * top_mask(code, k)


def top_jittered(code, k):
    """Breaks ties by moving the numbers themselves."""
    tied = code.abs().sort(dim=1).values.diff(dim=1).abs().min() < 1e-6
    return top_mask(code + tied * 1e-3 * torch.arange(code.shape[1]), k)


def top_random_ties(code, k):
    """Breaks ties by noise on the magnitudes, larger than what may lie between them."""
    kept = (code.abs() + 1e-3 * torch.rand(code.shape)).topk(k, dim=1).indices
    return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))


RIGHT = {
    "SparseAutoencoder": [
        Plain,
        LinearCode,
        SigmoidCode,
        Deep,
        Convolutional,
        Tied,
        Dropped,
        Normalised,
        ByLoops,
        WithMethods,
        Lazy,
        NoisyInTraining,
    ],
    "kl_sparsity": [
        kl_formula,
        kl_math_and_torch,
        kl_distributions,
        kl_by_loops,
        kl_cross_entropy_less_entropy,
        kl_xlogy,
        kl_epsilons,
        kl_millionths,
    ],
    "top_k_code": [
        top_mask,
        top_gather,
        top_argsort,
        top_by_loops,
        top_one_hot,
        top_where,
        top_smallest_dropped,
    ],
}

WRONG = {
    "SparseAutoencoder": {
        NoModule: "not a network of PyTorch yet",
        NoSuper: "`super().__init__()` is missing",
        OtherArguments: "is built with (input_dim, latent_dim, sparsity_weight)",
        NoDefaults: "no default",
        OtherDefault: "has the default 32",
        NoLoss: "has no method `loss`",
        NoForward: "has no method `forward`",
        LossTakesReconstruction: "The method `loss` is called with (x)",
        Seeds: "Your `__init__` seeds",
        SeedsForward: "Your `forward` seeds",
        LearnsTheWeight: "a parameter that training may change",
        OnlyReconstruction: "expected two tensors",
        Swapped: "in the wrong order",
        AsImages: "Lay the reconstruction flat again",
        FixedInput: "Is a size written into a layer",
        FixedLatent: "to follow from `latent_dim`",
        NewLayersEachTime: "two different results in evaluation mode",
        SoftmaxOverBatch: "changes with the other pictures of the batch",
        Dead: "all are dead",
        DetachedCode: "does not remember how it came from x",
        DecodesDetached: "does not lead back to x",
        Skips: "knows more about x than the code says",
        AddsDetached: "by a way that its gradient does not see",
        SkipsInTraining: "In training mode x reaches the reconstruction",
        Softmaxed: "The L1 norm of your code is 1 for every picture",
        DecodesHalf: "does not look at",
        InputDetached: "Autograd cannot follow x through `forward`",
        PlainList: "not among its `parameters()`",
        FirstPixels: "the encoder has nothing to learn",
        PlainTensors: "has no parameters",
        MeanOverPixels: "The squared error is averaged over the pixels too",
        BothMeans: "averaged over the units too",
        BothSums: "The penalty is summed over the batch too",
        SumOverBatch: "The squared error is summed over the batch too",
        Half: "is halved",
        CrossEntropy: "is a binary cross-entropy",
        MeanCrossEntropy: "the mean binary cross-entropy of a pixel",
        AbsoluteError: "are not squared",
        Distance: "the distance between x and x_hat",
        NoError: "The error of the reconstruction is missing",
        NoPenalty: "The code costs nothing",
        MeanOverUnits: "The penalty is averaged over the units too",
        PenaltySummedOverBatch: "The penalty is summed over the batch too",
        AbsForgotten: "without its absolute value",
        Squared: "The penalty sums squares",
        Length: "the Euclidean length of the code",
        OnReconstruction: "The penalty is on the reconstruction",
        OnParameters: "The penalty is on the parameters",
        OnEncoderWeights: "The penalty is on the weights of one layer",
        WeightDecay: "The penalty is weight decay",
        Unweighted: "is not multiplied by `sparsity_weight`",
        FixedWeight: "by 1e-3 whatever",
        AnotherFixedWeight: "by 0.05 whatever",
        TwiceThePenalty: "and no other factor",
        WeightOnError: "The weight stands on the error",
        OnDecoderWeights: "on the weights of a later layer",
        BeforeActivation: "after its activation?",
        ForgetsTheWeight: "Keep it in `__init__`",
        Subtracted: "The penalty is subtracted",
        WeighsAll: "The weight multiplies the whole loss",
        PerPicture: "a number for each picture",
        TwoTerms: "`loss` returned a tuple",
        Item: "Leave out `.item()`",
        NoGradient: "nothing could be trained with it",
        PenaltyDetached: "The penalty is counted but has no gradient",
        ErrorDetached: "The error of the reconstruction is counted but has no gradient",
        TargetMoves: "its gradient is not that of error",
        Stale: "belongs to the batch that `forward` saw before",
        Trains: "has changed",
        Backward: "already have gradients",
        InPlace: "changed its argument `x` in place",
        UnusedLayer: "No gradient reaches `hidden.weight`",
        DrownsInTraining: "the model does not learn",
        FreeInTraining: "In training mode your loss is",
        HardCodedBatch: "Your own x_hat and code have the squared error",
    },
    "kl_sparsity": {
        kl_reversed: "The two are swapped",
        kl_each_unit: "one number for each unit. Sum",
        kl_mean_over_units: "mean over the units where the sum is wanted",
        kl_each_activation: "and averaged last",
        kl_each_activation_summed: "and summed over all",
        kl_each_activation_averaged: "and averaged over all",
        kl_mean_over_dim_1: "averaged over the units of each picture",
        kl_one_mean: "You averaged over everything",
        kl_first_term: "Only the first term",
        kl_second_term: "Only the second term",
        kl_upside_down: "The sign is turned round",
        kl_minus: "The second term is subtracted",
        kl_cross_entropy: "This is the cross-entropy",
        kl_bits: "in bits",
        kl_sigmoid_again: "a sigmoid once more",
        kl_squares: "the squared distance of the means",
        kl_distances: "This is the distance of the means",
        kl_times_batch: "grows with the size of the batch",
        kl_fixed_target: "Your target is 0.05",
        kl_counts: "how often a unit is above",
        kl_log10: "to the base 10",
        kl_sum_over_batch: "Your means are not means over the batch",
        kl_factor_forgotten: "The factor `(1 - target)` before",
        kl_first_factor_forgotten: "The factor `target` before",
        kl_both_factors_forgotten: "Both factors are forgotten",
        kl_shifted: "Do not add a millionth to every mean",
        kl_large_epsilon: "You added 0.001 inside the logarithms",
        kl_not_clamped: "never active, mean 0, your function returns",
        kl_clamped_below_only: "always fully active, mean 1, your function returns inf",
        kl_hidden: "its gradient is not",
        kl_left_out: "instead of leaving the unit out",
        kl_clamped_too_far: "Carry the first unit through by hand",
        kl_detached: "nothing could be trained",
        kl_item: "Leave out `.item()`",
    },
    "top_k_code": {
        top_nothing: "returned the code as it is",
        top_by_value: "a large negative number is dropped",
        top_magnitudes: "without their sign",
        top_relu: "Negative entries are gone",
        top_smallest: "kept the k smallest",
        top_dropped: "set the k largest to 0",
        top_only_kept: "only the k kept entries",
        top_values: "the k largest magnitudes",
        top_returns_mask: "returned the mask",
        top_moved: "moved to the front",
        top_first: "the first k columns",
        top_columns: "k entries of each column",
        top_of_batch: "k entries of the whole batch",
        top_of_batch_on_average: "k per row on average",
        top_same_units: "Every row keeps the same k units",
        top_one_more: "k + 1 entries",
        top_strictly_above: "k - 1 entries",
        top_normalised: "scaled to length 1",
        top_straight_through: "flows through all entries",
        top_at_least: "take the *indices*",
        top_detached: "nothing could be trained",
        top_numpy: "without NumPy",
        top_in_place: "changed its argument `code` in place",
        top_pair: "more than one result",
        top_column_indices: "chose along the columns",
        top_doubled: "2 times what it should be",
        top_random_ties: "Is something added to the magnitudes",
        top_jittered: "not k of the largest",
    },
}
