"""What every test shares."""

import torch

# One thread: two that share the cores with another process wait for each other, and a test of seconds takes minutes.
torch.set_num_threads(1)
