"""Reinforcement learning for any Gymnasium environment; knows nothing of cars and never imports `ac_gym`."""
