"""What is built: networks as plain `torch.nn.Module`."""
