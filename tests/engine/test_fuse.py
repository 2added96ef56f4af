"""The fused generator is the published one, only faster."""

import pytest
import torch

from lama_desktop.core.geometry import Rect
from lama_desktop.engine.fuse import FusedGenerator
from lama_desktop.errors import Cancelled


@pytest.fixture
def picture() -> torch.Tensor:
    torch.manual_seed(1)
    x = torch.rand(1, 4, 96, 96)
    x[:, 3] = (x[:, 3] > 0.7).float()
    return x


@torch.inference_mode()
def test_same_numbers(generator, picture):
    assert (FusedGenerator(generator)(picture) - generator(picture)).abs().max() < 1e-5


@torch.inference_mode()
def test_same_numbers_for_a_batch(generator, picture):
    batch = torch.cat([picture, picture.flip(3)])
    assert (FusedGenerator(generator)(batch) - generator(batch)).abs().max() < 1e-5


@torch.inference_mode()
def test_bfloat16_stays_close(generator, picture):
    out = FusedGenerator(generator, torch.bfloat16)(picture)
    assert out.dtype == torch.float32
    assert (out - generator(picture)).abs().mean() < 0.01


@pytest.mark.parametrize("region", [Rect(0, 0, 7, 5), Rect(33, 40, 60, 41), Rect(88, 90, 96, 96), Rect(0, 0, 96, 96)])
@torch.inference_mode()
def test_a_region_has_the_numbers_of_the_whole(generator, picture, region):
    fused = FusedGenerator(generator)
    rows, columns = region.slices
    assert (fused(picture, region) - fused(picture)[:, :, rows, columns]).abs().max() < 1e-5


@pytest.mark.parametrize("generator", ["fourier"], indirect=True)
@torch.inference_mode()
def test_odd_maps(generator, picture):
    odd = picture[:, :, :72, :88]  # 9 x 11 cells
    assert (FusedGenerator(generator)(odd) - generator(odd)).abs().max() < 1e-5


@torch.inference_mode()
def test_it_reports_between_layers_and_can_be_stopped_there(generator, picture):
    fractions: list[float] = []
    FusedGenerator(generator)(picture, report=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len(fractions) >= len(generator.model) / 3

    def stop(fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        FusedGenerator(generator)(picture, report=stop)


@torch.inference_mode()
def test_the_original_is_not_touched(generator, picture):
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    FusedGenerator(generator, torch.bfloat16)(picture)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


@torch.inference_mode()
def test_same_input_same_bytes(generator, picture):
    fused = FusedGenerator(generator, torch.bfloat16)
    assert torch.equal(fused(picture), fused(picture))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@torch.inference_mode()
def test_cuda_agrees_with_the_cpu(generator, picture, dtype):
    expected = generator(picture)
    out = FusedGenerator(generator, dtype).cuda()(picture.cuda()).cpu()
    assert (out - expected).abs().mean() < (1e-4 if dtype == torch.float32 else 0.01)
