"""Answers to `SparseAutoencoder`, lesson 04, as learners write them."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


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


class DroppedTwice(Plain):
    """Dropout in training, and a forward pass for each of the two terms."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.encoder = nn.Sequential(nn.Dropout(0.1), nn.Linear(input_dim, latent_dim), nn.ELU())

    def loss(self, x):
        error = (self(x)[0] - x).square().sum(1)
        return (error + self.sparsity_weight * self(x)[1].abs().sum(1)).mean()


class Gated(nn.Module):
    """Magnitudes and gates, each its own layer, and einsum in place of a decoder."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__()
        self.price = {"code": sparsity_weight}
        self.size = nn.Linear(input_dim, latent_dim)
        self.gate = nn.Linear(input_dim, latent_dim)
        self.dictionary = nn.Parameter(0.05 * torch.randn(latent_dim, input_dim))
        self.bias = nn.Parameter(torch.zeros(input_dim))

    def forward(self, x):
        code = self.size(x).relu() * self.gate(x).sigmoid()
        return torch.einsum("bu,ud->bd", code, self.dictionary) + self.bias, code

    def loss(self, x):
        x_hat, code = self(x)
        return (x_hat - x).pow(2).sum(-1).mean(0) + self.price["code"] * code.norm(1) / len(x)


# --- wrong ----------------------------------------------------------------------------------------


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


class AddsDetached(Plain):
    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code) + x.detach(), code


class SkipsInTraining(Plain):
    def forward(self, x):
        x_hat, code = super().forward(x)
        return x_hat + 0.5 * x if self.training else x_hat, code


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


class FreeUnderDropout(Dropped):
    """The price ends where training begins, and dropout hides it from who compares two passes."""

    def loss(self, x):
        x_hat, code = self(x)
        price = 0.0 if self.training else self.sparsity_weight
        return ((x_hat - x) ** 2).sum(1).mean() + price * code.abs().sum(1).mean()


class MeansUnderDropout(Dropped):
    def loss(self, x):
        x_hat, code = self(x)
        if not self.training:
            return super().loss(x)
        return F.mse_loss(x_hat, x) + self.sparsity_weight * code.abs().mean()


class HalfPriceUnderNoise(NoisyInTraining):
    """No known part: the two numbers have to do."""

    def loss(self, x):
        x_hat, code = self(x)
        price = self.sparsity_weight * (0.5 if self.training else 1)
        return ((x_hat - x) ** 2).sum(1).mean() + price * code.abs().sum(1).mean()


class PriceInTheClass(Plain):
    weight = 1e-3

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        type(self).weight = sparsity_weight

    def loss(self, x):
        x_hat, code = self(x)
        return ((x_hat - x) ** 2).sum(1).mean() + self.weight * code.abs().sum(1).mean()


class PriceThatEnds(Plain):
    """An introductory offer the other way round."""

    def __init__(self, input_dim=784, latent_dim=64, sparsity_weight=1e-3):
        super().__init__(input_dim, latent_dim, sparsity_weight)
        self.calls = 0

    def loss(self, x):
        self.calls += 1
        x_hat, code = self(x)
        price = self.sparsity_weight if self.calls < 30 else 0.0
        return ((x_hat - x) ** 2).sum(1).mean() + price * code.abs().sum(1).mean()


class DetachesInTraining(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        code = code.detach() if self.training else code
        return ((x_hat - x) ** 2).sum(1).mean() + self.sparsity_weight * code.abs().sum(1).mean()


class BackwardInTraining(Plain):
    def loss(self, x):
        value = super().loss(x)
        if self.training:
            value.backward(retain_graph=True)
        return value


class ZeroesInLoss(Plain):
    def loss(self, x):
        self.zero_grad()
        return super().loss(x)


class EvaluatesInLoss(Plain):
    def loss(self, x):
        self.eval()
        return super().loss(x)


class WatchesX(Plain):
    def loss(self, x):
        return super().loss(x.requires_grad_())


class SeedsLoss(Dropped):
    def loss(self, x):
        torch.manual_seed(0)
        return super().loss(x)


class Counts(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        count = (code != 0).float().sum(1)
        return (((x_hat - x) ** 2).sum(1) + self.sparsity_weight * count).mean()


class Largest(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        return (((x_hat - x) ** 2).sum(1) + self.sparsity_weight * code.abs().max(1).values).mean()


class HonestBill(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        bill = (code.abs() * self.decoder[0].weight.norm(dim=0)).sum(1)
        return (((x_hat - x) ** 2).sum(1) + self.sparsity_weight * bill).mean()


# --- accepted, and rejected with these words ------------------------------------------------------


class TwiceThePriceInTraining(Plain):
    def loss(self, x):
        x_hat, code = self(x)
        price = self.sparsity_weight * (2 if self.training else 1)
        return ((x_hat - x) ** 2).sum(1).mean() + price * code.abs().sum(1).mean()


RIGHT = [
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
    DroppedTwice,
    Gated,
]

WRONG = {
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
    FreeUnderDropout: "The code costs nothing: the penalty is missing, and this is a plain "
    "autoencoder. What is trained should be what is reported",
    MeansUnderDropout: "the mean is taken over the batch alone. What is trained should be what is",
    HalfPriceUnderNoise: "in evaluation mode, it was right. What is trained",
    PriceInTheClass: "after a second one was built",
    PriceThatEnds: "After sixty steps of training your loss is",
    DetachesInTraining: "In training mode, after `model.train()`: The penalty is counted",
    BackwardInTraining: "`loss` adds to the gradients",
    ZeroesInLoss: "`loss` sets back the gradients",
    EvaluatesInLoss: "came back in evaluation mode",
    WatchesX: "switched on `requires_grad` of the caller's own `x`",
    SeedsLoss: "Your `loss` seeds",
    Counts: "A count has no gradient",
    Largest: "The penalty is the largest number of each code",
    HonestBill: "the honest bill of the lesson",
    TwiceThePriceInTraining: "it was right. What is trained",
}
