"""Networks: encoders and decoders (`blocks`) and the models made of them."""

from course_utils.models.autoencoder import Autoencoder, AutoencoderOutput
from course_utils.models.conditional import ConditionalVAE
from course_utils.models.priors import (
    FlowPrior,
    MixturePrior,
    NormalPrior,
    Prior,
    VampPrior,
    coupling,
)
from course_utils.models.quantized import VQVAE, Quantized, VectorQuantizer, VQOutput
from course_utils.models.symbol_prior import SymbolPrior
from course_utils.models.variational import VAE, PeekingVAE, VAEOutput, reparameterize
from course_utils.models.velocity import Velocity, integrate_flow, sample_flow

__all__ = [
    "VAE",
    "VQVAE",
    "Autoencoder",
    "AutoencoderOutput",
    "ConditionalVAE",
    "FlowPrior",
    "MixturePrior",
    "NormalPrior",
    "PeekingVAE",
    "Prior",
    "Quantized",
    "SymbolPrior",
    "VAEOutput",
    "VQOutput",
    "VampPrior",
    "VectorQuantizer",
    "Velocity",
    "coupling",
    "integrate_flow",
    "reparameterize",
    "sample_flow",
]
