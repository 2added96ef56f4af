"""Spectra as matrices: the same transform as PyTorch's, and the gradient that goes with it."""

import pytest
import torch

from lama_desktop.engine.spectrum import from_spectrum, to_spectrum

SIZES = [(8, 8), (9, 13), (6, 7), (5, 1)]


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_there_and_back_is_the_same_map_with_its_channels_last(size, batch):
    x = torch.randn(batch, 6, *size).contiguous(memory_format=torch.channels_last)
    planes = to_spectrum(x)
    assert planes.shape == (batch, size[0] * (size[1] // 2 + 1), 12)
    back = from_spectrum(planes, *size)
    assert back.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(back, x, atol=1e-5)


def test_columns_are_interleaved_as_published():
    x = torch.randn(1, 2, 4, 6)
    spectrum = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho").flatten(2)[0]
    expected = torch.stack([spectrum[0].real, spectrum[0].imag, spectrum[1].real, spectrum[1].imag], dim=1)
    assert torch.allclose(to_spectrum(x)[0], expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_gradients_are_pytorch_s(size):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size, requires_grad=True)
    planes = to_spectrum(x.detach()).requires_grad_()
    to, back = torch.randn_like(planes), torch.randn_like(x)
    pairs = torch.view_as_real(torch.fft.rfftn(x, dim=(-2, -1), norm="ortho").flatten(2).transpose(1, 2))
    (expected,) = torch.autograd.grad(pairs.flatten(2), x, to)
    (ours,) = torch.autograd.grad(to_spectrum(x), x, to)
    assert torch.allclose(ours, expected, atol=1e-5)
    parts = torch.view_as_complex(planes.unflatten(-1, (-1, 2))).transpose(1, 2).unflatten(-1, (size[0], -1))
    (expected,) = torch.autograd.grad(torch.fft.irfftn(parts, s=size, dim=(-2, -1), norm="ortho"), planes, back)
    (ours,) = torch.autograd.grad(from_spectrum(planes, *size), planes, back)
    assert torch.allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_have_a_gradient_too(dtype):
    torch.manual_seed(0)
    x, back = torch.randn(1, 4, 10, 12), torch.randn(1, 4, 10, 12)
    gradients = []
    for kind in (torch.float32, dtype):
        leaf = x.to(kind).requires_grad_()
        out = from_spectrum(to_spectrum(leaf) * 0.5, 10, 12)
        gradients.append(torch.autograd.grad(out, leaf, back.to(kind))[0].float())
    assert (gradients[0] - back / 2).abs().max() < 1e-5
    assert (gradients[1] - back / 2).abs().max() < 0.05
