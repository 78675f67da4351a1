"""The layers' mathematics as functions of tensors (torch.nn.functional)."""

from .activation import (
    elu,
    elu_,
    gelu,
    leaky_relu,
    leaky_relu_,
    log_softmax,
    relu,
    relu_,
    selu,
    selu_,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d
from .attention import scaled_dot_product_attention
from .batch_norm import batch_norm, instance_norm
from .binary import binary_cross_entropy, binary_cross_entropy_with_logits
from .channel_dropout import dropout1d, dropout2d, dropout3d
from .classification import cross_entropy, nll_loss
from .convolution import conv1d, conv2d, conv3d
from .distance import cosine_similarity, normalize, pairwise_distance
from .dropout import dropout
from .embedding import embedding, one_hot
from .embedding_bag import embedding_bag
from .likelihood import gaussian_nll_loss, kl_div, poisson_nll_loss
from .linear import bilinear, linear
from .multi_head_attention import multi_head_attention_forward
from .normalization import group_norm, layer_norm, rms_norm
from .padding import pad
from .piecewise import (
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    prelu,
    relu6,
    softshrink,
    threshold,
    threshold_,
)
from .pixels import pixel_shuffle, pixel_unshuffle
from .pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .ranking import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    soft_margin_loss,
    triplet_margin_loss,
)
from .regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .smooth import celu, celu_, glu, logsigmoid, mish, softmin, softsign, tanhshrink

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "conv1d",
    "conv2d",
    "conv3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "embedding_bag",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
]
