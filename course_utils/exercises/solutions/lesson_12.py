"""Reference solutions of lesson 12: codes from a list."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class VectorQuantizer(nn.Module):
    """Replaces each vector by the nearest one of a codebook, which is learned.

    The codebook is a parameter of shape (num_embeddings, embedding_dim), its vectors drawn at
    random to begin with. Nearest means the smallest Euclidean distance.
    """

    def __init__(
        self, num_embeddings: int = 512, embedding_dim: int = 64, commitment_cost: float = 0.25
    ) -> None:
        super().__init__()
        self.commitment_cost = commitment_cost
        self.codebook = nn.Parameter(torch.randn(num_embeddings, embedding_dim))

    def forward(
        self, z: Float[Tensor, "*places embedding_dim"]
    ) -> tuple[Float[Tensor, "*places embedding_dim"], Int[Tensor, "*places"], Float[Tensor, ""]]:
        """(z_q, indices, loss) for vectors z along the last axis, whatever axes stand before it.

        indices: the number of the codebook vector nearest to each vector of z.
        z_q: that vector, e. Backward its gradient passes to z as it is, and not to the codebook.
        loss: ‖sg(z) - e‖² + commitment_cost · ‖z - sg(e)‖², where sg(·) is a constant for the
            gradient; squares summed over a vector, then the mean over all vectors: one number.
        """
        flat = z.reshape(-1, z.shape[-1])
        indices = torch.cdist(flat, self.codebook).argmin(dim=1).reshape(z.shape[:-1])
        e = self.codebook[indices]
        codebook_term = (z.detach() - e).square().sum(dim=-1)
        commitment_term = (z - e.detach()).square().sum(dim=-1)
        loss = (codebook_term + self.commitment_cost * commitment_term).mean()
        return z + (e - z).detach(), indices, loss


def codebook_perplexity(indices: Int[Tensor, "*places"], num_embeddings: int) -> float:
    """How many symbols are in use, counted by how evenly: exp(-Σ_k p_k ln p_k), a Python float.

    p_k is the share of symbol k among all indices, of all pictures and places together. Indices run
    from 0 to num_embeddings - 1; a symbol that never occurs adds nothing.
    """
    counts = torch.bincount(indices.flatten(), minlength=num_embeddings)
    shares = counts / counts.sum()
    return torch.special.entr(shares).sum().exp().item()
