"""What every test shares."""

import importlib.util
import signal

if importlib.util.find_spec("torch"):  # tests/windows has none
    import torch

    # One thread: two that share the cores with another process wait for each other, and a test takes minutes.
    torch.set_num_threads(1)

# A job in the background inherits that Ctrl-C is ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
