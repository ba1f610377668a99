"""Answers to `VectorQuantizer`, lesson 12, as learners write them."""

import torch
from torch import nn
from torch.nn import functional as F

# --- right ----------------------------------------------------------------------------------------


class Plain(nn.Module):
    """What most of the others below are made from."""

    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__()
        self.beta = commitment_cost
        self.codebook = nn.Parameter(torch.randn(num_embeddings, embedding_dim))

    def choose(self, flat):
        return torch.cdist(flat, self.codebook).argmin(dim=1)

    def loss(self, z, e):
        return ((z.detach() - e) ** 2 + self.beta * (z - e.detach()) ** 2).sum(-1).mean()

    def straight(self, z, e):
        return z + (e - z).detach()

    def forward(self, z):
        indices = self.choose(z.reshape(-1, z.shape[-1])).reshape(z.shape[:-1])
        e = self.codebook[indices]
        return self.straight(z, e), indices, self.loss(z, e)


class WithEmbedding(nn.Module):
    """As most published code has it: an embedding, squares written out, means times the length."""

    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__()
        self.embedding = nn.Embedding(num_embeddings, embedding_dim)
        self.embedding.weight.data.uniform_(-1 / num_embeddings, 1 / num_embeddings)
        self.dim, self.commitment_cost = embedding_dim, commitment_cost

    def forward(self, z):
        flat = z.contiguous().view(-1, self.dim)
        weight = self.embedding.weight
        distances = flat.pow(2).sum(1, keepdim=True) + weight.pow(2).sum(1) - 2 * flat @ weight.T
        indices = torch.argmin(distances, dim=1).view(z.shape[:-1])
        quantized = self.embedding(indices)
        commitment = F.mse_loss(quantized.detach(), z)
        codebook = F.mse_loss(quantized, z.detach())
        loss = self.dim * (codebook + self.commitment_cost * commitment)
        return z + (quantized - z).detach(), indices, loss


class OneHot(Plain):
    """Rows of zeros with a one, times the codebook; the loss as two means."""

    def forward(self, z):
        flat = z.flatten(0, -2)
        apart = ((flat[:, None] - self.codebook[None]) ** 2).sum(2)
        chosen = F.one_hot(apart.argmin(1), len(self.codebook)).to(z)
        e = chosen @ self.codebook
        loss = (e - flat.detach()).norm(dim=1).square().mean()
        loss = loss + self.beta * F.mse_loss(flat, e.detach(), reduction="sum") / len(flat)
        z_q = flat + e.detach() - flat.detach()
        return z_q.view(z.shape), chosen.argmax(1).view(z.shape[:-1]), loss


class ByLoop(Plain):
    """One vector after the other, without an axis to think about."""

    def forward(self, z):
        flat = z.reshape(-1, z.shape[-1])
        indices, terms, vectors = [], [], []
        for vector in flat:
            k = min(
                range(len(self.codebook)),
                key=lambda k, v=vector: ((v - self.codebook[k]) ** 2).sum().item(),
            )
            e = self.codebook[k]
            terms.append(
                ((vector.detach() - e) ** 2).sum() + self.beta * ((vector - e.detach()) ** 2).sum()
            )
            indices.append(k)
            vectors.append(vector + (e - vector).detach())
        places = z.shape[:-1]
        return (
            torch.stack(vectors).view(z.shape),
            torch.tensor(indices).view(places),
            torch.stack(terms).mean(),
        )


class CustomGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, e):
        return e.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class WithFunction(Plain):
    """Straight-through as an autograd function of its own; the score without ‖z‖²."""

    def choose(self, flat):
        with torch.no_grad():
            score = self.codebook.square().sum(1) / 2 - torch.einsum(
                "nd,kd->nk", flat, self.codebook
            )
            return score.min(1).indices

    def straight(self, z, e):
        return CustomGradient.apply(z, e)


class SparseGradient(Plain):
    """An embedding whose gradient holds the rows that were looked up, and no others."""

    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        del self.codebook
        self.vectors = nn.Embedding(num_embeddings, embedding_dim, sparse=True)

    def forward(self, z):
        distances = ((z[..., None, :] - self.vectors.weight) ** 2).sum(-1)
        indices = distances.argmin(-1)
        e = self.vectors(indices)
        return self.straight(z, e), indices, self.loss(z, e)


class InDoublePrecision(Plain):
    """Distances in float64, on whatever axes there are."""

    def forward(self, z):
        apart = z.detach().double().unsqueeze(-2) - self.codebook.detach().double()
        indices = torch.einsum("...kd,...kd->...k", apart, apart).min(-1)[1]
        e = F.embedding(indices, self.codebook)
        return e.detach() - z.detach() + z, indices, self.loss(z, e)


class HandsOn(Plain):
    """Takes whatever comes; asks for its mode, and does the same in both; keeps a count."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("uses", torch.zeros(len(self.codebook)))

    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        if self.training:
            self.uses += indices.flatten().bincount(minlength=len(self.uses))
        return z_q, indices, loss


class RemembersItsVersion(Plain):
    """The lengths are computed anew when the codebook has changed, and only then."""

    seen = None

    def choose(self, flat):
        if self.seen != self.codebook._version:
            self.seen = self.codebook._version
            self.lengths = self.codebook.detach().square().sum(1)
        return (self.lengths - 2 * flat @ self.codebook.T).argmin(1)


# --- wrong ----------------------------------------------------------------------------------------


class StraightInEvaluationAlone(Plain):
    def straight(self, z, e):
        return e if self.training else super().straight(z, e)


class StraightInTrainingAlone(Plain):
    def straight(self, z, e):
        return super().straight(z, e) if self.training else e


class DoubledInTraining(Plain):
    def straight(self, z, e):
        return 2 * z + (e - 2 * z).detach() if self.training else super().straight(z, e)


class NoLossInTraining(Plain):
    def loss(self, z, e):
        return super().loss(z, e) * (not self.training)


class NoCodebookTermInTraining(Plain):
    def loss(self, z, e):
        commitment = (z - e.detach()).square().sum(-1).mean()
        return self.beta * commitment if self.training else super().loss(z, e)


class HoldsTheCodebookInTraining(Plain):
    def loss(self, z, e):
        return super().loss(z, e.detach() if self.training else e)


class KeepsTheLengths(Plain):
    lengths = None

    def choose(self, flat):
        if self.lengths is None:
            self.lengths = self.codebook.detach().square().sum(1)
        return (self.lengths - 2 * flat @ self.codebook.T).argmin(1)


class KeepsTheChoice(Plain):
    kept = None

    def choose(self, flat):
        if self.kept is None or len(self.kept) != len(flat):
            self.kept = super().choose(flat)
        return self.kept


class LaysFlatByView(Plain):
    def forward(self, z):
        indices = self.choose(z.view(-1, z.shape[-1])).view(z.shape[:-1])
        e = self.codebook[indices]
        return self.straight(z, e), indices, self.loss(z, e)


class WithOptions(Plain):
    """`nn.Embedding` with an option that a quantiser cannot use."""

    option, value = "norm_type", 2.0

    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        del self.codebook
        self.table = nn.Embedding(num_embeddings, embedding_dim, **{self.option: self.value})

    def forward(self, z):
        indices = torch.cdist(z.reshape(-1, z.shape[-1]), self.table.weight).argmin(1)
        e = self.table(indices.reshape(z.shape[:-1]))
        return self.straight(z, e), indices.reshape(z.shape[:-1]), self.loss(z, e)


class Padded(WithOptions):
    option, value = "padding_idx", 0


class PaddedAtTheEnd(WithOptions):
    option, value = "padding_idx", -1


class ByFrequency(WithOptions):
    option, value = "scale_grad_by_freq", True


class TenTimes(Plain):
    def loss(self, z, e):
        return 10 * super().loss(z, e)


class NoSuper(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        self.codebook = nn.Parameter(torch.randn(num_embeddings, embedding_dim))


class NoModule:
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        self.codebook = torch.randn(num_embeddings, embedding_dim)

    def forward(self, z):
        return z, z, z.sum()


class OtherDefault(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=1.0):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)


class OtherOrder(Plain):
    def __init__(self, embedding_dim=64, num_embeddings=512, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)


class Seeds(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        torch.manual_seed(0)
        super().__init__(num_embeddings, embedding_dim, commitment_cost)


class Lying(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(embedding_dim, num_embeddings, commitment_cost)


class PlainTensor(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        nn.Module.__init__(self)
        self.beta = commitment_cost
        self.codebook = torch.randn(num_embeddings, embedding_dim)


class Frozen(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        self.codebook.requires_grad_(False)


class TwoCodebooks(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        self.project = nn.Linear(embedding_dim, embedding_dim)


class ManyParameters(Plain):
    """Each vector a parameter of its own."""

    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        nn.Module.__init__(self)
        self.beta = commitment_cost
        vectors = torch.randn(num_embeddings, embedding_dim)
        self.vectors = nn.ParameterList([nn.Parameter(vector) for vector in vectors])


class AllZero(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        self.codebook.data.zero_()


class TwoResults(Plain):
    def forward(self, z):
        z_q, _, loss = super().forward(z)
        return z_q, loss


class LossFirst(Plain):
    """The order of a much copied repository: loss, quantised, perplexity, encodings."""

    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        return loss, z_q, indices


class IndicesFirst(Plain):
    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        return indices, z_q, loss


class FloatIndices(Plain):
    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        return z_q, indices.float(), loss


class OnlyRows(Plain):
    """Works for (n, dim) alone."""

    def forward(self, z):
        indices = ((z[:, None, :] - self.codebook) ** 2).sum(2).argmin(1)
        e = self.codebook[indices]
        assert e.shape == z.shape, "one row for each"
        return self.straight(z, e), indices, self.loss(z, e)


class StaysFlat(Plain):
    def forward(self, z):
        flat = z.reshape(-1, z.shape[-1])
        return super().forward(flat)


class KeepsOneHot(Plain):
    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        return z_q, F.one_hot(indices, len(self.codebook)), loss


class LossPerVector(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2 + self.beta * (z - e.detach()) ** 2).sum(-1)


class Farthest(Plain):
    def choose(self, flat):
        return torch.cdist(flat, self.codebook).argmax(dim=1)


class InnerProduct(Plain):
    def choose(self, flat):
        return (flat @ self.codebook.T).argmax(dim=1)


class SmallestInnerProduct(Plain):
    def choose(self, flat):
        return (flat @ self.codebook.T).argmin(dim=1)


class WrongSign(Plain):
    def choose(self, flat):
        squares = flat.square().sum(1, keepdim=True) + self.codebook.square().sum(1)
        return (squares + 2 * flat @ self.codebook.T).argmin(1)


class NoFactorTwo(Plain):
    def choose(self, flat):
        squares = flat.square().sum(1, keepdim=True) + self.codebook.square().sum(1)
        return (squares - flat @ self.codebook.T).argmin(1)


class Cosine(Plain):
    def choose(self, flat):
        return F.cosine_similarity(flat[:, None], self.codebook[None], dim=2).argmax(1)


class Manhattan(Plain):
    def choose(self, flat):
        return torch.cdist(flat, self.codebook, p=1).argmin(1)


class SumBeforeSquare(Plain):
    def choose(self, flat):
        return (flat[:, None] - self.codebook).sum(2).square().argmin(1)


class OneTooLarge(Plain):
    def forward(self, z):
        z_q, indices, loss = super().forward(z)
        return z_q, indices + 1, loss


class SecondNearest(Plain):
    """No known mistake: the generic message has to do."""

    def choose(self, flat):
        return torch.cdist(flat, self.codebook).topk(2, largest=False).indices[:, 1]


class ReturnsZ(Plain):
    def straight(self, z, e):
        return e + (z - e).detach()


class AddsE(Plain):
    def straight(self, z, e):
        return z + e.detach()


class Overshoots(Plain):
    def straight(self, z, e):
        return z + (z - e).detach()


class Softly(Plain):
    def straight(self, z, e):
        flat = z.reshape(-1, z.shape[-1])
        return (torch.softmax(-torch.cdist(flat, self.codebook), 1) @ self.codebook).view(z.shape)


class MovesTheCodebook(Plain):
    def forward(self, z):
        result = super().forward(z)
        if self.training:
            with torch.no_grad():
                self.codebook[result[1].flatten()] = z.reshape(-1, z.shape[-1])
        return result


class NoisyInTraining(Plain):
    def forward(self, z):
        return super().forward(z + torch.randn_like(z) if self.training else z)


class MeanOverNumbers(Plain):
    def loss(self, z, e):
        return F.mse_loss(e, z.detach()) + self.beta * F.mse_loss(z, e.detach())


class SumOverVectors(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2).sum() + self.beta * ((z - e.detach()) ** 2).sum()


class MeanOverBatchAlone(Plain):
    def loss(self, z, e):
        both = (z.detach() - e) ** 2 + self.beta * (z - e.detach()) ** 2
        return both.flatten(1).sum(1).mean()


class Distances(Plain):
    def loss(self, z, e):
        return (z.detach() - e).norm(dim=-1).mean() + self.beta * (z - e.detach()).norm(
            dim=-1
        ).mean()


class Halved(Plain):
    def loss(self, z, e):
        return super().loss(z, e) / 2


class BetaForgotten(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2).sum(-1).mean() + ((z - e.detach()) ** 2).sum(-1).mean()


class BetaFixed(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2 + 0.25 * (z - e.detach()) ** 2).sum(-1).mean()


class BetaOnBoth(Plain):
    def loss(self, z, e):
        return self.beta * ((z.detach() - e) ** 2 + (z - e.detach()) ** 2).sum(-1).mean()


class NoCommitment(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2).sum(-1).mean()


class NoCodebookTerm(Plain):
    def loss(self, z, e):
        return self.beta * ((z - e.detach()) ** 2).sum(-1).mean()


class Subtracted(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2 - self.beta * (z - e.detach()) ** 2).sum(-1).mean()


class BothMistakes(Plain):
    def loss(self, z, e):
        return F.mse_loss(e, z.detach()) + F.mse_loss(z, e.detach())


class ComparesWithItself(Plain):
    def loss(self, z, e):
        return (1 + self.beta) * (e - e.detach()).square().sum(-1).mean()


class Cubed(Plain):
    """No known mistake: the generic message has to do."""

    def loss(self, z, e):
        return (1 + self.beta) * (z - e).abs().pow(3).sum(-1).mean()


class NotStraight(Plain):
    def straight(self, z, e):
        return e


class Cut(Plain):
    def straight(self, z, e):
        return e.detach()


class BothWays(Plain):
    def straight(self, z, e):
        return e + z - z.detach()


class HalfWay(Plain):
    def straight(self, z, e):
        return 0.5 * z + (e - 0.5 * z).detach()


class BetaOnTheCodebook(Plain):
    def loss(self, z, e):
        return (self.beta * (z.detach() - e) ** 2 + (z - e.detach()) ** 2).sum(-1).mean()


class NothingHeld(Plain):
    def loss(self, z, e):
        return (1 + self.beta) * ((z - e) ** 2).sum(-1).mean()


class ZNotHeld(Plain):
    def loss(self, z, e):
        return ((z - e) ** 2 + self.beta * (z - e.detach()) ** 2).sum(-1).mean()


class ENotHeld(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2 + self.beta * (z - e) ** 2).sum(-1).mean()


class EHeldTwice(Plain):
    def loss(self, z, e):
        return ((z - e.detach()) ** 2 + self.beta * (z - e.detach()) ** 2).sum(-1).mean()


class ZHeldTwice(Plain):
    def loss(self, z, e):
        return ((z.detach() - e) ** 2 + self.beta * (z.detach() - e) ** 2).sum(-1).mean()


class AllHeld(Plain):
    def loss(self, z, e):
        return super().loss(z, e).detach()


class LossAfterStraight(Plain):
    """The loss is made with z_q after the straight-through step."""

    def loss(self, z, e):
        z_q = self.straight(z, e)
        return ((z.detach() - z_q) ** 2 + self.beta * (z - z_q.detach()) ** 2).sum(-1).mean()


class HalfHeld(Plain):
    """No known mistake: the generic message has to do."""

    def loss(self, z, e):
        held = 0.5 * e + 0.5 * e.detach()
        return ((z.detach() - held) ** 2 + self.beta * (z - e.detach()) ** 2).sum(-1).mean()


# --- accepted, and rejected with these words ------------------------------------------------------


class HalfPrecision(Plain):
    def choose(self, flat):
        return torch.cdist(flat.half().float(), self.codebook.half().float()).argmin(dim=1)


class ShortPrecision(Plain):
    def choose(self, flat):
        apart = (flat[:, None] - self.codebook).square().sum(2)
        return apart.bfloat16().argmin(dim=1)


class ToThreeDigits(Plain):
    def choose(self, flat):
        return torch.cdist(flat, self.codebook).round(decimals=3).argmin(dim=1)


class AlmostNothing(Plain):
    def __init__(self, num_embeddings=512, embedding_dim=64, commitment_cost=0.25):
        super().__init__(num_embeddings, embedding_dim, commitment_cost)
        self.codebook.data *= 1e-12


RIGHT = [
    Plain,
    WithEmbedding,
    OneHot,
    ByLoop,
    WithFunction,
    SparseGradient,
    InDoublePrecision,
    HandsOn,
    RemembersItsVersion,
]

WRONG = {
    NoSuper: "`super().__init__()` is missing",
    NoModule: "not a network of PyTorch yet",
    OtherDefault: "`commitment_cost` is 0.25 unless",
    OtherOrder: "is built with (num_embeddings, embedding_dim",
    Seeds: "`__init__` seeds the random numbers",
    Lying: "lies on its side",
    PlainTensor: "is a plain tensor, which no optimiser",
    Frozen: "`requires_grad=False`",
    TwoCodebooks: "Expected is the codebook alone",
    ManyParameters: "`vectors.2` (64,) and 509 more. Expected",
    AllZero: "begins with vectors that are alike",
    TwoResults: "expected three tensors",
    LossFirst: "the loss comes last",
    IndicesFirst: "The first two are in the wrong order",
    FloatIndices: "the indices, holds torch.float32",
    OnlyRows: "With z of shape (6, 3) it runs",
    StaysFlat: "the indices lie flat",
    KeepsOneHot: "rows of zeros with a one",
    LossPerVector: "one number for each vector. Here the mean",
    Farthest: "farthest away",
    InnerProduct: "the largest inner product",
    SmallestInnerProduct: "the smallest inner product",
    WrongSign: "a wrong sign in your distance",
    NoFactorTwo: "The factor 2 is missing",
    Cosine: "compare directions alone",
    Manhattan: "sum absolute differences",
    SumBeforeSquare: "before they are squared",
    OneTooLarge: "one too large",
    SecondNearest: "For the first z, write down",
    ReturnsZ: "z_q is z itself",
    AddsE: "z_q is z + e",
    Overshoots: "turn the bracket round",
    Softly: "a mixture of codebook vectors",
    MovesTheCodebook: "After `forward` the codebook has changed",
    NoisyInTraining: "In training mode the same z",
    MeanOverNumbers: "averaged over the numbers of a vector",
    SumOverVectors: "summed over the vectors too",
    MeanOverBatchAlone: "averaged over the first axis",
    Distances: "You took a root",
    Halved: "The squares are halved",
    BetaForgotten: "Both terms count in full",
    BetaFixed: "counts 0.25 whatever",
    BetaOnBoth: "multiplies both terms",
    NoCommitment: "Either one term is missing",
    NoCodebookTerm: "The codebook's own term",
    Subtracted: "The second term is subtracted",
    BothMistakes: "vectors alone. Both terms count in full",
    ComparesWithItself: "compared with itself",
    Cubed: "Both terms are the same number",
    NotStraight: "goes to the codebook, and none to z",
    Cut: "z_q has no gradient at all",
    BothWays: "and the codebook as well",
    HalfWay: "unchanged. For the first numbers (",
    BetaOnTheCodebook: "stands on the wrong term",
    NothingHeld: "nothing is held still",
    ZNotHeld: "z is not held still in the first term",
    ENotHeld: "e is not held still in the second term",
    EHeldTwice: "the codebook gets no gradient",
    ZHeldTwice: "z gets no gradient from the loss",
    AllHeld: "everything in it is held still",
    LossAfterStraight: "with the z_q of the straight-through step",
    HalfHeld: "times as hard",
    StraightInEvaluationAlone: "in training mode, after `model.train()`, it is not. Is there an "
    "`if self.training`?\nThe gradient of z_q goes to the codebook",
    StraightInTrainingAlone: "in evaluation mode, after `model.eval()`, it is not. Is there",
    DoubledInTraining: "`if self.training`?\nThe gradient of z_q with respect to z should be",
    NoLossInTraining: "`if self.training`?\nThe loss is 0",
    NoCodebookTermInTraining: "`if self.training`?\nThe codebook's own term",
    HoldsTheCodebookInTraining: "`if self.training`?\nThe number is right, but the codebook gets",
    KeepsTheLengths: "after the codebook has changed, `forward` still works with",
    KeepsTheChoice: "after z has changed, `forward` still works with",
    LaysFlatByView: "and `view` cannot go over that",
    Padded: "no gradient reaches the codebook's vector 0",
    PaddedAtTheEnd: "no gradient reaches the codebook's vector 5",
    ByFrequency: "its gradient is divided by n",
    HalfPrecision: "to which the second nearest is nearly as near",
    ShortPrecision: "Does something round the distances",
    ToThreeDigits: "Does something round the distances",
    AlmostNothing: "differ by less than a millionth",
    TenTimes: "Every number is 10 times what it should be.",
}
