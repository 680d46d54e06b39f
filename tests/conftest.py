"""What every test shares."""

import importlib.util

if importlib.util.find_spec("torch"):  # tests/windows has none
    import torch

    # One thread: two that share the cores with another process wait for each other, and a test takes minutes.
    torch.set_num_threads(1)
