import pytest
import torch
from torch.nn import functional

from unseen.models.convolutional import ConvolutionalClassifier


def test_layer_by_layer():
    torch.manual_seed(0)
    network, pictures = ConvolutionalClassifier((1, 3, 4), classes=5), torch.randn(2, 1, 8, 8)
    first, second = network.convolutions
    h = functional.conv2d(pictures, first.weight, first.bias, padding=1).relu()
    h = functional.conv2d(h, second.weight, second.bias, padding=1, stride=2).relu()
    assert h.shape == (2, 4, 4, 4)
    expected = h.mean((2, 3)) @ network.output.weight.T + network.output.bias
    torch.testing.assert_close(network(pictures), expected)


def test_misuse_is_named():
    for arguments in (((1,), 10), ((1, 0), 10), ((1, 2), 0)):
        with pytest.raises(ValueError, match="positive widths"):
            ConvolutionalClassifier(*arguments)
