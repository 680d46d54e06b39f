"""From observations to what the networks begin with: convolutions for pictures, nothing for numbers.

As in DrQ-v2 (Yarats et al., arXiv 2107.09645): pictures are shifted by a few pixels at random before they are learned
from; policy and critics share the convolutions, which only the critics' loss teaches; each network begins with a trunk
of its own, a narrow layer, normalised and squashed. Numbers beside a picture go past both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from algorithms.errors import UserError
from algorithms.observations import PIXELS, VECTOR, PixelShape, Seen, Shape, mapped


@dataclass(frozen=True)
class EncoderSettings:
    """What becomes of pictures; one number a layer in the first three."""

    channels: Sequence[int] = (32, 32, 32)
    kernels: Sequence[int] = (8, 3, 3)
    strides: Sequence[int] = (4, 2, 1)
    features: int = 50  # that a trunk makes of a picture
    shift: int = 4  # pixels by which pictures are shifted at most


class NumberEncoder(nn.Module):
    """For observations without pictures: they are seen as they are."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.features = size  # of a trunk's answer

    def forward(self, obs: Seen) -> Tensor:
        assert isinstance(obs, Tensor)
        return obs

    def shifted(self, obs: Seen, rng: torch.Generator) -> Seen:
        """Numbers are not augmented."""
        return obs

    def new_trunk(self) -> nn.Module:
        """What a network begins with."""
        return nn.Identity()


class PictureEncoder(nn.Module):
    """Convolutions over a stack of pictures, (stack, H, W, C) uint8; `numbers` more come with each of them.

    `low_precision` computes the convolutions in bfloat16; weights and gradients stay float32.
    """

    def __init__(
        self, shape: PixelShape, numbers: int = 0, settings: EncoderSettings | None = None, low_precision: bool = False
    ) -> None:
        super().__init__()
        s = settings or EncoderSettings()
        self._shape, self._numbers, self._most, self._width = shape, numbers, s.shift, s.features
        self._low_precision = low_precision
        stack, height, width, colors = shape
        layers: list[nn.Module] = []
        sizes = pairwise([stack * colors, *s.channels])
        for (n_in, n_out), kernel, stride in zip(sizes, s.kernels, s.strides, strict=True):
            convolution = nn.Conv2d(n_in, n_out, kernel, stride)
            nn.init.orthogonal_(convolution.weight, nn.init.calculate_gain("relu"))
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
            layers += [convolution, nn.ReLU()]
            height, width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
        if min(height, width) < 1:
            raise UserError(f"pictures of {shape[2]} x {shape[1]} pixels are too small for the encoder's layers")
        self.convolutions = nn.Sequential(*layers)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the stubs lack it
        self._flat = height * width * s.channels[-1]
        self.features = s.features + numbers

    def forward(self, obs: Seen) -> Tensor:
        """obs (B, ...) -> (B, n): the flattened convolutions, then the numbers; a trunk makes `features` of it."""
        parts = obs if isinstance(obs, Mapping) else {PIXELS: obs}
        dtype = torch.bfloat16 if self._low_precision else torch.float32
        # Converted first: interleaving single bytes takes five times as long.
        pixels = self._planes(parts[PIXELS]).to(dtype).contiguous(memory_format=torch.channels_last)
        pixels = torch.rsub(pixels, -0.5, alpha=-1 / 255)  # p / 255 - 0.5 in one go
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._low_precision):
            seen = self.convolutions(pixels)
        seen = seen.float().flatten(1)
        return torch.cat((seen, parts[VECTOR]), dim=1) if self._numbers else seen

    def shifted(self, obs: Seen, rng: torch.Generator) -> Seen:
        """The same observations, each picture moved by up to `shift` pixels; edges are repeated."""
        if isinstance(obs, Mapping):
            return {**obs, PIXELS: self._shift(obs[PIXELS], rng)}
        return self._shift(obs, rng)

    def new_trunk(self) -> nn.Module:
        """What a network begins with: `features` of each encoded observation."""
        return Trunk(self._flat, self._width)

    def _planes(self, pixels: Tensor) -> Tensor:
        """(B, stack, H, W, C), or (B, H, W, C) of one picture, to (B, stack * C, H, W)."""
        return pixels.view(-1, *self._shape).permute(0, 1, 4, 2, 3).flatten(1, 2)

    def _shift(self, pixels: Tensor, rng: torch.Generator) -> Tensor:
        pixels = pixels.view(-1, *self._shape)
        padded = _with_repeated_edges(pixels, self._most)
        height, width = self._shape[1:3]
        moved = torch.empty_like(pixels)
        offsets = torch.randint(2 * self._most + 1, (len(pixels), 2), generator=rng, device=pixels.device)
        # On a CPU copies of whole rows are ten times faster than a gather.
        for source, result, (y, x) in zip(padded, moved, offsets.tolist(), strict=True):
            result.copy_(source[:, y : y + height, x : x + width])
        return moved


def _with_repeated_edges(pixels: Tensor, margin: int) -> Tensor:
    """(B, stack, H, W, C) with `margin` pixels more on all four sides."""
    b, stack, height, width, colors = pixels.shape
    bottom, right = margin + height, margin + width
    padded = pixels.new_empty(b, stack, bottom + margin, right + margin, colors)
    inner = padded[:, :, margin:bottom]
    inner[:, :, :, margin:right] = pixels
    inner[:, :, :, :margin] = pixels[:, :, :, :1]
    inner[:, :, :, right:] = pixels[:, :, :, -1:]
    padded[:, :, :margin] = inner[:, :, :1]
    padded[:, :, bottom:] = inner[:, :, -1:]
    return padded


class Trunk(nn.Module):
    """The first `flat` columns to `width` features in -1..1; the columns after them as they are."""

    def __init__(self, flat: int, width: int) -> None:
        super().__init__()
        self._flat = flat
        self.linear, self.norm = nn.Linear(flat, width), nn.LayerNorm(width)
        nn.init.orthogonal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, encoded: Tensor) -> Tensor:
        features = torch.tanh(self.norm(self.linear(encoded[:, : self._flat])))
        return torch.cat((features, encoded[:, self._flat :]), dim=1)


Encoder = NumberEncoder | PictureEncoder


def encoder_of(shape: Shape, settings: EncoderSettings, low_precision: bool = False) -> Encoder:
    """The encoder for observations of that shape."""
    if isinstance(shape, int):
        return NumberEncoder(shape)
    pixels, numbers = (shape[PIXELS], shape.get(VECTOR, 0)) if isinstance(shape, Mapping) else (shape, 0)
    return PictureEncoder(pixels, numbers, settings, low_precision)


def as_seen(obs: Any, device: torch.device) -> Any:
    """NumPy observations as tensors; pictures stay uint8, numbers become float32."""

    def tensor(array: Any) -> Tensor:
        x = torch.as_tensor(array, device=device)
        return x if x.dtype == torch.uint8 else x.float()

    return mapped(tensor, obs)
