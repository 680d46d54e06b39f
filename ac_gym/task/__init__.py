"""The task: what the agent sees, what it is paid, and when an episode ends."""

from ac_gym.task.settings import TaskSettings
from ac_gym.task.task import Ending, Replay, Task
from ac_gym.task.telemetry import Telemetry

__all__ = ["Ending", "Replay", "Task", "TaskSettings", "Telemetry"]
