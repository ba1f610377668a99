"""Networks: encoders and decoders (`blocks`) and the models made of them."""

from course_utils.models.autoencoder import Autoencoder, AutoencoderOutput
from course_utils.models.variational import VAE, PeekingVAE, VAEOutput, reparameterize

__all__ = ["VAE", "Autoencoder", "AutoencoderOutput", "PeekingVAE", "VAEOutput", "reparameterize"]
