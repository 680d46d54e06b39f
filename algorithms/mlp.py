"""Several multilayer perceptrons of one shape as batched products, with the gradient written out.

For networks of a few hundred units autograd's bookkeeping, its outer products and its unused gradients cost a good part
of an update on a CPU. Here forward and backward are one autograd node each, over weights stacked as (E, in, out), and
only the gradients that are asked for are computed: with frozen weights (a policy's loss seen through the critics) only
the input's, and of the input only the part that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_LAYER_NORM_EPS = 1e-5


class StackedMLP(nn.Module):
    """E perceptrons of layer `sizes` with ReLU between; Xavier-uniform weights, zero biases.

    `layer_norm` normalises (without learned scale) before each ReLU; `low_precision` computes the hidden layers in
    bfloat16; the last layer, the stored weights and their gradients stay float32.
    """

    def __init__(self, stack: int, sizes: Sequence[int], layer_norm: bool = False, low_precision: bool = False) -> None:
        super().__init__()
        self.layer_norm, self.low_precision = layer_norm, low_precision
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for n_in, n_out in pairwise(sizes):
            weight = torch.empty(stack, n_in, n_out)
            for one in weight:
                nn.init.xavier_uniform_(one)
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(stack, 1, n_out)))

    def forward(self, *inputs: Tensor, frozen: bool = False) -> Tensor:
        """`inputs` (B, n_i), side by side the first layer's input -> (E, B, out) float32.

        `frozen` weights get no gradient, which halves the backward pass where only the inputs' is wanted.
        """
        options = (len(inputs), self.layer_norm, self.low_precision)
        params = [*self.weights, *self.biases]
        return _StackedMLP.apply(options, *inputs, *([p.detach() for p in params] if frozen else params))


class _StackedMLP(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, options: tuple[int, bool, bool], *tensors: Tensor) -> Tensor:
        n_inputs, layer_norm, low_precision = options
        inputs, params = tensors[:n_inputs], tensors[n_inputs:]
        weights, biases = params[: len(params) // 2], params[len(params) // 2 :]
        dtype = torch.bfloat16 if low_precision else torch.float32
        last = len(weights) - 1
        x = inputs[0] if n_inputs == 1 else torch.cat(inputs, dim=-1)
        h = x.to(dtype).expand(len(weights[0]), *x.shape)
        used, kept, norms = [], [h], []
        for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            if low_precision:
                # The last layer is narrow and its sums are the answer: float32, at no cost.
                weight, bias, h = (weight, bias, h.float()) if i == last else (weight.bfloat16(), bias.bfloat16(), h)
            used.append(weight)
            h = torch.baddbmm(bias, h, weight)
            if i < last:
                if layer_norm:
                    normed, mean, rstd = torch.native_layer_norm(h, h.shape[-1:], None, None, _LAYER_NORM_EPS)
                    norms += [h, mean, rstd]
                    h = normed
                h = h.relu_()
                kept.append(h)
        ctx.options, ctx.n_layers = options, len(weights)
        ctx.widths = [t.shape[-1] for t in inputs]
        ctx.save_for_backward(*used, *kept, *norms)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        n_inputs, layer_norm, low_precision = ctx.options
        n = ctx.n_layers
        weights, kept, norms = ctx.saved_tensors[:n], ctx.saved_tensors[n : 2 * n], ctx.saved_tensors[2 * n :]
        want_inputs, want_params = ctx.needs_input_grad[1 : 1 + n_inputs], ctx.needs_input_grad[1 + n_inputs]
        if not want_params and not (layer_norm or low_precision) and grad.device.type == "cpu":
            inputs = _input_gradients(weights, kept, grad, ctx.widths, want_inputs)
            return (None, *inputs, *([None] * (2 * n)))
        weight_grads: list[Tensor | None] = [None] * n
        bias_grads: list[Tensor | None] = [None] * n
        for i in reversed(range(n)):
            weight, h = weights[i], kept[i]
            if low_precision and i == n - 1:
                h = h.float()
            if want_params:
                weight_grads[i] = torch.bmm(h.transpose(1, 2), grad).float()
                bias_grads[i] = grad.sum(dim=1, keepdim=True, dtype=torch.float32)
            if i == 0:
                break
            transposed = weight.transpose(1, 2)
            # An outer product through bmm is ten times slower than through broadcasting.
            grad = grad * transposed if grad.shape[-1] == 1 else torch.bmm(grad, transposed)
            if low_precision and i == n - 1:
                grad = grad.bfloat16()
            grad = torch.ops.aten.threshold_backward(grad, kept[i], 0.0)
            if layer_norm:
                before, mean, rstd = norms[3 * (i - 1) : 3 * i]
                grad = torch.ops.aten.native_layer_norm_backward(
                    grad, before, before.shape[-1:], mean, rstd, None, None, [True, False, False]
                )[0]
        input_grads: list[Tensor | None] = [None] * n_inputs
        start = 0
        for k, (width, wanted) in enumerate(zip(ctx.widths, want_inputs, strict=True)):
            if wanted:
                rows = weights[0][:, start : start + width]
                input_grads[k] = torch.bmm(grad, rows.transpose(1, 2)).sum(dim=0, dtype=torch.float32)
            start += width
        return (None, *input_grads, *weight_grads, *bias_grads)


def _input_gradients(
    weights: Sequence[Tensor], kept: Sequence[Tensor], grad: Tensor, widths: Sequence[int], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """Gradients of the inputs alone, each network over the rows that count: of a minimum of two, half of them."""
    found = [grad.new_zeros(grad.shape[1], width) if want else None for width, want in zip(widths, wanted, strict=True)]
    for e in range(len(grad)):
        rows = grad[e].any(dim=-1).nonzero().squeeze(-1)
        delta = grad[e].index_select(0, rows)
        for i in range(len(weights) - 1, 0, -1):
            transposed = weights[i][e].t()
            delta = delta * transposed if delta.shape[-1] == 1 else delta @ transposed
            delta = torch.ops.aten.threshold_backward(delta, kept[i][e].index_select(0, rows), 0.0)
        start = 0
        for result, width in zip(found, widths, strict=True):
            if result is not None:
                result.index_add_(0, rows, delta @ weights[0][e, start : start + width].t())
            start += width
    return found
