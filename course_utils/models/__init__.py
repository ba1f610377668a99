"""Networks: encoders and decoders (`blocks`) and the models made of them."""

from course_utils.models.autoencoder import Autoencoder, AutoencoderOutput

__all__ = ["Autoencoder", "AutoencoderOutput"]
